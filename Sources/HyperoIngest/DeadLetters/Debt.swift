import HyperoRedis
import HyperoSchema
import Logging

/// What becomes of the commands that failed inside an applied transaction.
enum Debt {
    /// The letters that they make due; each is said, with its key.
    static func letters(
        for failures: [Transaction.Failure], in commit: FoldedBatch, _ space: Keyspace, _ announcer: RateLimitedLogger
    ) -> [PendingDeadLetters] {
        var reasons: [Int: String] = [:]
        var letters: [Int] = []
        var owed: [Int: [Int]] = [:]
        let blame = ChangeAttribution(commit.batch, commit.folded, in: space)
        for failure in failures {
            let error = failure.error.description
            switch failure.command {
            case .change(let place):
                let change = commit.folded.changes[place]
                let items = blame.items(behind: change)
                let fate = items.isEmpty ? "" : ": its events go to the dead letters"
                announcer.note(.error, "Redis does not change \(change.key): \(error)\(fate)")
                for item in items where reasons[item] == nil {
                    reasons[item] = "Redis does not change \(change.key): \(error)"
                }
            case .count: announcer.note(.error, "Redis does not count in \(space.ingest): \(error)")
            case .letter(let place):
                announcer.note(.error, "Redis does not take a dead letter in \(space.dead): \(error)")
                letters.append(place)
            case .owed(let batch, let place):
                announcer.note(.error, "Redis does not take a dead letter in \(space.dead): \(error)")
                owed[batch, default: []].append(place)
            case .cursor, .lease: break
            }
        }
        return [
            PendingDeadLetters(
                batch: commit.batch, read: commit.read,
                letters: reasons.keys.sorted().map { FoldResult.DeadLetter(item: $0, reason: reasons[$0] ?? "") },
                isCounted: false),
            PendingDeadLetters(
                batch: commit.batch, read: commit.read, letters: letters.map { commit.folded.deadLetters[$0] },
                isCounted: true),
        ].filter { !$0.letters.isEmpty }
            + owed.sorted { $0.key < $1.key }.map { batch, places in
                let old = commit.owed[batch]
                return PendingDeadLetters(
                    batch: old.batch, read: old.read, letters: places.map { old.letters[$0] }, isCounted: true)
            }
    }
}
