import ChaosLog
import HyperoSchema
import TestSupport

/// A comparison of the dead letters of a partition with the calls whose events Redis could not take.
///
/// Each such call is a hyper-parameter with a name of its own in the battery ``ChaosBattery/wrongType``, so a dead letter
/// is identified by its experiment and name.
struct DeadLetterJudge {
    private var expected: Set<String> = []

    /// Adds a call, and returns whether its event must be a dead letter.
    mutating func add(_ call: Event.Body, of experiment: ExperimentID) -> Bool {
        guard case .param(let entries, _) = call, let entry = entries.first else { return false }
        expected.insert("\(experiment.text) \(Prefix.param)\(entry.name)")
        return true
    }

    /// Adds the differences to a verdict.
    ///
    /// - Parameters:
    ///   - letters: the dead letters.
    ///   - trimmed: the number of dead letters that the ingest has removed and counted, for example when Redis was out of memory.
    ///   - verdict: receives the differences.
    func judge(_ letters: [StreamEntry], trimmed: Int, verdict: inout Verdict) {
        var counts: [String: Int] = [:]
        for letter in letters {
            func field(_ name: String) -> String {
                letter.fields.last { $0.name == Array(name.utf8) }.map { String(decoding: $0.value, as: UTF8.self) }
                    ?? ""
            }
            let names = letter.fields.map { String(decoding: $0.name, as: UTF8.self) }
            let name = names.first { $0.hasPrefix(Prefix.param) } ?? ""
            let key = "\(field(EventField.experiment)) \(name)"
            if expected.contains(key) {
                counts[key, default: 0] += 1
            } else {
                verdict.unexpectedLetters.add(
                    "\(field(EventField.event)) of \(field(EventField.experiment)): \(field(EventField.deadReason))")
            }
        }
        for (key, count) in counts where count > 1 {
            verdict.unexpectedLetters.add("\(key): \(count) times", count: count - 1)
        }
        let missing = expected.filter { counts[$0] == nil }
        verdict.trimmedLetters += min(missing.count, trimmed)
        if missing.count > trimmed { for key in missing { verdict.missingLetters.add(key) } }
    }
}
