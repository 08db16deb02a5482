import HyperoSchema

/// Consecutive commands of a control stream that are passed over because of their ``ControlCondition``.
struct PassedCommands {
    /// The reason why a command is passed over.
    enum Reason {
        /// No ingest has carried it out in time.
        case expired
        /// The experiment has changed since it was selected.
        case changed
    }

    private(set) var ids: ClosedRange<StreamID>?
    private(set) var expired = 0
    private(set) var changed = 0
    /// The experiment that has changed, if it is the only one.
    private(set) var subject = ""

    var count: Int { expired + changed }

    mutating func add(_ entry: ControlReader.Entry, because reason: Reason) {
        ids = (ids?.lowerBound ?? entry.id)...entry.id
        switch reason {
        case .expired: expired += 1
        case .changed:
            changed += 1
            if case .success(let command) = entry.command { subject = command.subject }
        }
    }

    /// The sentences for the log.
    func messages(in keyspace: Keyspace) -> [String] {
        var messages: [String] = []
        if expired > 0 {
            messages.append(
                "passed over \(expired == 1 ? "1 command" : "\(expired) commands") of \(keyspace.control), which expired before an "
                    + "ingest could carry them out. Give the rule again")
        }
        if changed > 0 {
            messages.append(
                "passed over \(changed == 1 ? "the command about \(subject)" : "\(changed) commands") of \(keyspace.control): "
                    + "\(changed == 1 ? "it has" : "their experiments have") changed since the selection by a rule")
        }
        return messages
    }
}

/// The value of ``IngestField/passed``.
struct PassedRuns: CustomStringConvertible {
    private(set) var runs: [ClosedRange<StreamID>] = []

    /// The number of runs. Beyond it, no command is archived by another process than the one that carried it out, because it could not
    /// be told from those that were passed over.
    static let maxRuns = 1_000

    init() {}

    /// Parses the text. Leaves out what is malformed.
    init(_ text: String) {
        for word in text.split(separator: " ") {
            let ids = word.split(separator: "/").map { StreamID($0) }
            guard ids.count == 2, let first = ids[0], let last = ids[1], first <= last else { continue }
            runs.append(first...last)
        }
    }

    var description: String { runs.map { "\($0.lowerBound)/\($0.upperBound)" }.joined(separator: " ") }

    func contains(_ id: StreamID) -> Bool { runs.contains { $0.contains(id) } }

    /// Adds commands, and removes those before an id.
    ///
    /// - Returns: false if there are too many runs.
    mutating func add(_ ids: ClosedRange<StreamID>, removingBefore first: StreamID) -> Bool {
        runs.removeAll { $0.upperBound < first }
        guard runs.count < Self.maxRuns else { return false }
        runs.append(ids)
        return true
    }
}
