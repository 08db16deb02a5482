import HyperoSchema

/// The numbers of a rebuild: the value of ``IngestField/rebuilt``, after the id of the command.
///
///     1763899200000-0 experiments=24 batteries=1 values=3 listed=2 ranked=5 columns=4 removed=1 undeclared=0 nameless=0 errors=0
package struct RebuildSummary: Sendable, Hashable {
    /// A kind of things that are counted.
    package enum Count: String, CaseIterable, Sendable {
        /// The experiments that were read.
        case experiments
        /// The batteries that were read.
        case batteries
        /// The hashes of experiments whose values were corrected.
        case values
        /// The entries of lists of experiments and batteries that were added or corrected.
        case listed
        /// The entries of rankings that were added or corrected.
        case ranked
        /// The columns that were added.
        case columns
        /// The entries of lists and rankings that were removed.
        case removed
        /// The batteries whose hash is missing or not whole.
        case undeclared
        /// The experiments whose hash does not name its battery.
        case nameless
        /// The keys of another type, and the commands that the server refused.
        case errors

        /// True if the number is of changes, which a later owner does not make again.
        var isOfChanges: Bool {
            switch self {
            case .values, .listed, .ranked, .columns, .removed: true
            case .experiments, .batteries, .undeclared, .nameless, .errors: false
            }
        }
    }

    private var counts: [Count: Int] = [:]

    package init() {}

    package subscript(count: Count) -> Int {
        get { counts[count] ?? 0 }
        set { counts[count] = newValue }
    }

    /// The number of changes.
    package var changeCount: Int { Count.allCases.lazy.filter(\.isOfChanges).reduce(0) { $0 + self[$1] } }

    /// The numbers of changes alone, with which another owner of the partition continues.
    var changes: RebuildSummary {
        var changes = RebuildSummary()
        for count in Count.allCases where count.isOfChanges { changes[count] = self[count] }
        return changes
    }

    package static func += (total: inout RebuildSummary, summary: RebuildSummary) {
        for count in Count.allCases { total[count] += summary[count] }
    }

    /// Raises each number to that of another summary of the same work, of which one lacks the last transaction.
    mutating func raise(to other: RebuildSummary) {
        for count in Count.allCases { self[count] = max(self[count], other[count]) }
    }

    /// Returns the text with the id of the command.
    func text(of command: StreamID) -> String {
        ([command.description] + Count.allCases.map { "\($0.rawValue)=\(self[$0])" }).joined(separator: " ")
    }

    /// Parses the id of the command in a text; nil if it has none.
    static func command(in text: String) -> StreamID? {
        text.split(separator: " ", maxSplits: 1).first.flatMap { StreamID($0) }
    }

    /// Parses the text of a command. Unknown numbers are ignored.
    ///
    /// - Returns: nil if the text is of another command.
    init?(text: String, of command: StreamID) {
        guard Self.command(in: text) == command else { return nil }
        for word in text.split(separator: " ").dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let count = Count(rawValue: String(parts[0])), let number = Int(parts[1]),
                number >= 0
            else { continue }
            // A number that another client has written must not overflow a sum.
            self[count] = min(number, 1 << 48)
        }
    }
}
