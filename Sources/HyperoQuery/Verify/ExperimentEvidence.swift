import HyperoSchema

/// Everything by which a verification judges one experiment.
struct ExperimentEvidence {
    let id: ExperimentID
    let keyspace: Keyspace
    /// The battery whose list has the experiment, or that its hash names.
    let battery: BatteryID
    /// The fields of the hash.
    let hash: [ExactText: String]
    /// False if the key of the hash holds a value of another type.
    var isHashReadable = true
    /// The score in the battery's list; nil if the list lacks the experiment.
    var listScore: Double?
    /// False if the list holds a value of another type.
    var isListReadable = true
    /// The whole curve; nil if it cannot be read.
    var curve: CurveDigest?
    /// The scores in the rankings of the channels that ``DerivedMaxima/ranked(in:)`` has; nil where the ranking lacks it.
    var scores: [ExactText: Double] = [:]
    /// The channels whose ranking holds a value of another type.
    var unreadableRankings: Set<ExactText> = []
    /// The columns of the experiment that the battery's list of columns lacks.
    var missingColumns: [String] = []
    /// The time at which the experiment was deleted in Unix milliseconds; nil if it was not.
    var deleted: Int64?

    /// The differences, in the order of the checks.
    var differences: [Difference] {
        guard !hash.isEmpty else { return differencesWithoutHash }
        guard let named = hash[ExactText(ExperimentField.battery)] else {
            return [
                difference(
                    .experiments, key: keyspace.experiment(id), field: ExperimentField.battery, expected: battery.text,
                    "the hash does not name its battery")
            ]
        }
        guard named == battery.text else {
            return [
                difference(
                    .experiments, key: keyspace.experiments(of: battery), field: id.text,
                    found: listScore.map(Self.text), isDerivable: true,
                    "the list has the experiment, whose hash names battery '\(printable(named, limit: 80))'")
            ]
        }
        return listDifferences + maximaDifferences + rankingDifferences + columnDifferences
    }

    private var differencesWithoutHash: [Difference] {
        let state = deleted.map { ", and which was deleted at \(dateText($0))" } ?? ""
        var found: [Difference] = []
        if let listScore {
            found.append(
                difference(
                    .experiments, key: keyspace.experiments(of: battery), field: id.text, found: Self.text(listScore),
                    isDerivable: true,
                    "the list has the experiment, whose hash is missing\(state)"))
        }
        if curve?.highestEpoch != nil {
            found.append(
                difference(
                    .remains, key: keyspace.curve(of: id),
                    "the learning curve is of an experiment whose hash is missing\(state). hypero-ingest delete removes it"
                ))
        }
        return found
    }

    private var listDifferences: [Difference] {
        let key = keyspace.experiments(of: battery)
        let started = hash[ExactText(ExperimentField.started)]
        let time = started.flatMap { Int64($0) }
        // The time of the latest event is taken if no key has that of the first one.
        let hasOther = hash[ExactText(ExperimentField.updated)].flatMap { Int64($0) } != nil
        var found: [Difference] = []
        if let deleted, let updated = hash[ExactText(ExperimentField.updated)].flatMap({ Int64($0) }),
            updated <= deleted
        {
            found.append(
                difference(
                    .remains, key: keyspace.experiment(id),
                    "the experiment was deleted at \(dateText(deleted)), and its hash is there"))
        }
        guard isListReadable else { return found }
        guard let listScore else {
            return found + [
                difference(
                    .experiments, key: key, field: id.text, expected: started, isDerivable: time != nil || hasOther,
                    "the list lacks the experiment")
            ]
        }
        guard let started, let time else {
            return found + [
                difference(
                    .experiments, key: keyspace.experiment(id), field: ExperimentField.started,
                    expected: Self.text(listScore), found: started,
                    isDerivable: Int64(exactly: listScore) != nil || hasOther,
                    "the time of the first event is missing or malformed")
            ]
        }
        guard Double(time) != listScore else { return found }
        return found + [
            difference(
                .experiments, key: key, field: id.text, expected: started, found: Self.text(listScore),
                isDerivable: true,
                "the list has \(Self.text(listScore)) as the time of the first event, and the hash \(printable(started))"
            )
        ]
    }

    private var maximaDifferences: [Difference] {
        guard let curve else { return [] }
        guard !curve.isLost(by: hash) else {
            let epochs = hash[ExactText(ExperimentField.epochs)] ?? ""
            return [
                difference(
                    .maxima, key: keyspace.curve(of: id),
                    "the learning curve is missing, and the hash has values of \(printable(epochs, limit: 40)) epochs: they are "
                        + "the last copy of the result. To remove them too, delete the experiment")
            ]
        }
        guard curve.decidesMaxima else { return [] }
        let stated = hash[ExactText(ExperimentField.maxStated)].flatMap { StatedRow(text: $0) }
        return DerivedMaxima(curve: curve, stated: stated).differences(from: hash).map { name, value in
            let found = hash[ExactText(name)]
            let expectation =
                value.map { "the learning curve gives \(printable($0))" }
                ?? "the learning curve gives no such value"
            return difference(
                .maxima, key: keyspace.experiment(id), field: name, expected: value, found: found, isDerivable: true,
                found.map { "the hash has \(printable($0, limit: 80)), and \(expectation)" }
                    ?? "the hash lacks the field, and \(expectation)")
        }
    }

    private var rankingDifferences: [Difference] {
        DerivedMaxima.ranked(in: hash).sorted { ExactText($0.channel) < ExactText($1.channel) }.compactMap {
            channel, number in
            let score = scores[ExactText(channel)]
            guard score != number.value, !unreadableRankings.contains(ExactText(channel)) else { return nil }
            let ranking = "the ranking by '\(printable(channel, limit: 80))'"
            return difference(
                .rankings, key: keyspace.rank(of: battery, by: channel), field: id.text, expected: number.text,
                found: score.map(Self.text), isDerivable: true,
                score.map { "\(ranking) has \(Self.text($0)), and the hash \(number.text)" }
                    ?? "\(ranking) lacks the experiment, whose hash has \(number.text)")
        }
    }

    private var columnDifferences: [Difference] {
        missingColumns.map { column in
            difference(
                .columns, key: keyspace.columns(of: battery), field: column, isDerivable: true,
                "the list of columns lacks '\(printable(column, limit: 80))', which the experiment has")
        }
    }

    private func difference(
        _ check: Difference.Check, key: String, field: String? = nil, expected: String? = nil, found: String? = nil,
        isDerivable: Bool = false, _ message: String
    ) -> Difference {
        Difference(
            check: check, partition: keyspace.tag, battery: battery.text, experiment: id.text, key: key, field: field,
            expected: expected, found: found, message: message, isDerivable: isDerivable)
    }

    /// Returns a score as text, a time without a fraction.
    static func text(_ score: Double) -> String { Number.text(of: score) }
}
