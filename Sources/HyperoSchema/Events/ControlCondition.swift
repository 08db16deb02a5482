/// The condition of a command about an experiment that a rule has selected. Such a command may be read long after it was written, when
/// the experiment is of use again.
package struct ControlCondition: Sendable, Hashable {
    /// The time of the server in Unix milliseconds from which on the command is not carried out any more.
    package let until: Int64
    /// The state of the experiment at its selection (``stamp(status:since:updated:)``), if the command is passed over once the
    /// experiment has another one; nil if it may change.
    package let seen: String?

    package init(until: Int64, seen: String?) {
        (self.until, self.seen) = (until, seen)
    }

    /// Decodes the condition of an entry; nil if it has none, or an invalid one, with which the entry is no command.
    package init?(fields: [(name: String, value: String)]) {
        var values = Dictionary(fields.map { ($0.name, $0.value) }) { $1 }
        guard let condition = try? Self.remove(from: &values) else { return nil }
        self = condition
    }

    /// Removes the fields of a condition from those of an entry.
    ///
    /// - Returns: nil if there are none.
    static func remove(from values: inout [String: String]) throws(Rejection) -> ControlCondition? {
        let seen = values.removeValue(forKey: ControlField.seen)
        guard let text = values.removeValue(forKey: ControlField.until) else {
            guard seen == nil else {
                throw Rejection("the field '\(ControlField.seen)' needs the field '\(ControlField.until)'")
            }
            return nil
        }
        guard let until = Int64(text), until >= 0 else {
            throw Rejection(
                "the field '\(ControlField.until)' must be a time in Unix milliseconds, not '\(printable(text, limit: 48))'"
            )
        }
        return ControlCondition(until: until, seen: seen)
    }

    /// Returns the state of an experiment as a text, from the fields of its hash. Each `start` and `end`, and each other event with
    /// a later time, changes it, and so does each sign of life of the producer while the experiment runs.
    ///
    /// - Parameter alive: the time in the hash of the producer of an experiment that runs; nil if there is none.
    package static func stamp(status: String?, since: String?, updated: String?, alive: String? = nil) -> String {
        ([status, since, updated].map { $0 ?? "-" } + (alive.map { [$0] } ?? [])).joined(separator: " ")
    }

    /// The fields of the entry.
    package var fields: [(name: String, value: String)] {
        [(ControlField.until, String(until))] + (seen.map { [(ControlField.seen, $0)] } ?? [])
    }
}
