import HyperoIngest
import HyperoQuery
import HyperoSchema

extension DeletionPlan {
    /// The lines that describe what is deleted.
    ///
    /// - Parameter lost: the time since the last sign of life of those that are lost, by id.
    func lines(lost: [String: String] = [:]) -> [String] {
        experiments.map { Self.line(of: $0, lostFor: lost[$0.id]) } + (battery.map { Self.lines(of: $0) } ?? [])
    }

    private static func line(of experiment: Experiment, lostFor silence: String?) -> String {
        let battery =
            experiment.batteryName.map {
                "of '\(escapedText(printable($0.name)))' version \(printable($0.version))"
            }
            ?? "of battery \(printable(experiment.battery ?? "unknown"))"
        let status =
            silence.map { "lost for \($0)" } ?? experiment.status.map { "status \($0.rawValue)" } ?? "no status"
        return
            "experiment \(experiment.id) \(battery), \(status)\(experiment.isBest ? ", the best of its battery" : "")"
    }

    private static func lines(of battery: Battery) -> [String] {
        let description = battery.description.isEmpty ? "" : " (\(escapedText(printable(battery.description))))"
        var lines = [
            "battery '\(escapedText(printable(battery.name)))' version \(printable(battery.version))\(description), \(battery.id): "
                + "\(counted(battery.experiments)), \(battery.running) running"
        ]
        if let best = battery.best {
            lines.append(
                "its best is \(printable(best.experiment)): \(escapedText(printable(battery.objective))) \(best.score)")
        }
        return lines
    }

    /// The question before the deletion.
    var question: String {
        let running = battery?.running ?? experiments.count { $0.status == .running }
        switch curveLimit {
        case .rows(let count): return "Thin \(subject) to \(count) rows each?"
        case .maxima: return "Delete \(subject)?"
        case nil: break
        }
        let warning = running > 0 ? " Further events of the running ones are dropped." : ""
        return "Delete \(subject)?\(warning)"
    }

    /// The sentence after the deletion.
    var outcome: String { "\(verb) \(subject)" }

    /// The sentence instead of a deletion.
    var announcement: String { "\(subject) would be \(verb)" }

    private var verb: String { if case .rows = curveLimit { "thinned" } else { "deleted" } }

    /// The deleted things: `2 experiments of versions 1 and 3`, or the battery.
    var subject: String {
        guard let battery else {
            return (curveLimit == nil ? "" : "the curves of ") + Self.counted(experiments.count) + versions
        }
        return "battery '\(escapedText(printable(battery.name)))' version \(printable(battery.version)) with "
            + Self.counted(battery.experiments)
    }

    /// The versions of the experiments, if they are of several ones of one battery's name.
    private var versions: String {
        let batteries = experiments.compactMap(\.batteryName)
        let numbers = Set(batteries.map(\.version)).map { (text: $0, number: Int($0) ?? .max) }
        guard let name = batteries.first?.name, batteries.allSatisfy({ $0.name == name }), numbers.count > 1 else {
            return ""
        }
        guard numbers.count <= 8 else { return " of \(numbers.count) versions" }
        let texts = numbers.sorted { ($0.number, $0.text) < ($1.number, $1.text) }.map { printable($0.text) }
        return " of versions \(texts.dropLast().joined(separator: ", ")) and \(texts[texts.count - 1])"
    }

    private static func counted(_ number: Int) -> String { number == 1 ? "1 experiment" : "\(number) experiments" }
}

extension DeletionError {
    /// The description, and what to do.
    var message: String {
        switch code {
        case .ambiguousBattery(_, let matches):
            let list = matches.map { match in
                "  \(match.id)  version \(printable(match.version))"
                    + (match.description.isEmpty ? "" : "  \(escapedText(printable(match.description)))")
            }
            // Batteries of one version differ in their descriptions.
            let hasUniqueVersions = Set(matches.map(\.version)).count == matches.count
            let advice = "Give \(hasUniqueVersions ? "--version, or " : "")one of these ids with --battery:"
            return ([description + ". " + advice] + list).joined(separator: "\n")
        case .ambiguousExperiment: return description + ". Give more of the id"
        case .batteryNotFound(let name, let names):
            return "battery not found: "
                + Suggestion(for: name, among: names).text(for: name, ifNoneExists: "no battery is declared yet")
        case .versionNotFound(_, _, let versions):
            return description + ". Its versions are " + versions.map { printable($0) }.joined(separator: ", ")
        case .experimentDeleted(_, let time): return description + ", it was deleted at \(dateText(time))"
        case .experimentNotFound: return description + ". List what there is with hypero-query batteries"
        case .invalidID: return description + ". An id has 1 to 64 characters of a-z 0-9 -"
        case .redis(let failure):
            if failure.isMigrating { return "\(description). \(migrationAdvice)" }
            return failure.isPermissionMissing ? "\(description). \(AccountRole.operator.advice)" : description
        }
    }
}

/// The advice after an error of keys whose hash slot migrates, without a full stop.
let migrationAdvice = "Try again when the migration has ended"
