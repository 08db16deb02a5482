/// The fields of an experiment's hash that follow from its learning curve and from the maxima that the user stated.
///
/// A stated channel has the stated value. The others have those of the row of the stated epoch, if the curve has it, else those of
/// the best row. It is computed from a whole curve, unlike the ingest, which keeps the maxima up to date event by event.
package struct DerivedMaxima: Sendable, Hashable {
    /// The values of the channels.
    package let cells: [CurveRow.Cell]
    /// The epoch of the maxima; nil if there are none, or if all are stated without an epoch.
    package let epoch: Int?
    /// The origin; nil if there are no maxima.
    package let source: MaximaSource?
    /// The highest epoch of the curve; nil if it has none.
    package let highestEpoch: Int?

    /// - Parameters:
    ///   - curve: the digest of the whole curve, created with the epoch of `stated`.
    ///   - stated: the maxima that the user stated; nil for none.
    package init(curve: CurveDigest, stated: StatedRow?) {
        let base = curve.stated ?? curve.best
        let row = base?.row.cells ?? []
        highestEpoch = curve.highestEpoch
        guard let stated else {
            cells = row
            epoch = base?.epoch
            source = base == nil ? nil : .curve
            return
        }
        let names = Set(stated.cells.map { ExactText($0.channel) })
        let others = row.filter { !names.contains(ExactText($0.channel)) }
        cells = others + stated.cells
        source = others.isEmpty ? .user : .both
        epoch = stated.epoch ?? (others.isEmpty ? nil : base?.epoch)
    }

    /// A field of an experiment's hash, with the value that it must have; nil if it must be absent.
    package typealias Field = (name: String, value: String?)

    /// Returns the fields of a hash that differ, with the values that they must have, sorted by name.
    package func differences(from hash: [ExactText: String]) -> [Field] {
        var expected: [ExactText: String] = [:]
        for cell in cells { expected[ExactText(Prefix.max + cell.channel)] = cell.number.text }
        expected[ExactText(ExperimentField.maxEpoch)] = epoch.map { String($0) }
        expected[ExactText(ExperimentField.maxSource)] = source?.rawValue
        expected[ExactText(ExperimentField.epochs)] = highestEpoch.map { String($0) }
        var fields: [ExactText: String?] = [:]
        for (name, value) in expected where hash[name].map({ $0.hasSameBytes(as: value) }) != true {
            fields[name] = value
        }
        for name in hash.keys where expected[name] == nil && Self.isDerived(name.text) {
            fields[name] = .some(nil)
        }
        return fields.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }
    }

    private static func isDerived(_ field: String) -> Bool {
        guard field != ExperimentField.epochs else { return true }
        return field != ExperimentField.maxStated && field.dropping(prefix: Prefix.max) != nil
    }

    /// Returns the values of a hash by which its experiment is ranked, by channel: the maxima that are finite.
    package static func ranked(in hash: [ExactText: String]) -> [(channel: String, number: Number)] {
        hash.compactMap { name, text in
            guard let channel = channel(ofField: name.text), let number = Number(text: text), number.isFinite else {
                return nil
            }
            return (channel, number)
        }
    }

    /// Returns the channel of a field of a hash; nil for a field that is not the maxima value of a channel.
    package static func channel(ofField field: String) -> String? {
        switch field {
        case ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.maxStated: nil
        default: field.dropping(prefix: Prefix.max)
        }
    }

    /// Returns the columns that a hash must have in the list of its battery, without those of its curve.
    package static func columns(of hash: [ExactText: String]) -> [String] {
        hash.keys.lazy.map(\.text).filter { field in
            channel(ofField: field) != nil || field.dropping(prefix: Prefix.param) != nil
                || field.dropping(prefix: Prefix.meta) != nil
        }
    }
}

/// The maxima that a user stated, as ``ExperimentField/maxStated`` has them: `epoch=7 test=0.8`.
package struct StatedRow: Sendable, Hashable {
    package let cells: [CurveRow.Cell]
    /// The epoch that the user stated; nil for none.
    package let epoch: Int?

    /// - Returns: nil for a malformed text.
    package init?(text: String) {
        guard let row = CurveRow(text: text) else { return nil }
        cells = row.cells.filter { $0.channel != ExperimentField.epochOfStated }
        epoch = row[ExperimentField.epochOfStated].flatMap { Int(exactly: $0.value) }
    }
}
