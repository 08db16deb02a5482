import HyperoSchema
import HyperoSearch
import Synchronization

/// The claims of a process without an answer, the times of the next ones, and the part of the history that the process knows.
struct SearchKnowledge {
    var claims: [Claim] = []
    var pacing = ClaimPacing()
    private(set) var history: SearchHistory
    /// The id of the last known entry.
    private(set) var lastEntry = Self.noEntry

    /// The id before all entries.
    static let noEntry = StreamID.zero.description

    init(direction: Direction) {
        history = SearchHistory(direction: direction)
    }

    /// Adds the entries of a grant after the last known one. Grants of several threads may have the same entries.
    mutating func record(_ grant: TrialGrant) {
        // The first declaration of the battery counts, and it may be that of another program.
        if lastEntry == Self.noEntry, let direction = grant.direction { history = SearchHistory(direction: direction) }
        guard let last = grant.lastEntry.flatMap({ StreamID($0) }), let known = StreamID(lastEntry), last > known else {
            return
        }
        var spaces: [ExactText: Distribution] = [:]
        for (name, text) in grant.spaces { spaces[name] = Distribution(text: text) }
        for (id, fields) in grant.history where id > known {
            if let trial = PastTrial(entry: fields, spaces: spaces) { history.record(trial) }
        }
        lastEntry = last.description
    }

    /// The knowledge in one generation of the journal, behind a lock of its own.
    final class Box: Sendable {
        let generation: UInt32
        let knowledge: Mutex<SearchKnowledge>

        init(_ direction: Direction, generation: UInt32) {
            self.generation = generation
            knowledge = Mutex(SearchKnowledge(direction: direction))
        }
    }
}
