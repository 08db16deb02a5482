import ChaosLog
import Foundation
import TestSupport

/// An experiment of a training that has ended, which another training may resume.
///
/// The training has ended, so the calls of its attempt are earlier than those of the next one. The starts decide which rows
/// count, and the times decide the status, whatever the order in which the events arrive.
struct Resumable {
    let id: String
    /// An index of ``ChaosBattery/all``.
    let battery: Int
    /// The number of the latest process among those that ran the experiment.
    private var attempt = 1
    /// The highest epoch of the latest attempt that withdrew rows, or of the first one.
    private var epochs = 0
    /// The epoch after the last one in which that attempt has logged all channels.
    private var end = 1
    /// True if an attempt withdrew rows.
    private var isRewound = false

    init(id: String, battery: Int) {
        self.id = id
        self.battery = battery
    }

    /// Returns the options of a training that resumes the experiment, in two of three cases from an epoch.
    ///
    /// A start that arrives after the one of the next attempt withdraws only rows that arrive later still. The rows of its
    /// process replace those that were applied before, as far as the process has come. The next attempt therefore resumes
    /// from an epoch up to there.
    func options(using random: inout SeededGenerator) -> [String] {
        let options = ["--resume", id, "--resume-battery", "\(battery)", "--attempt", "\(attempt + 1)"]
        guard Int.random(in: 0..<3, using: &random) > 0 else { return options }
        let last = isRewound ? min(end, epochs + 1) : epochs + 3
        return options + ["--from", "\(Int.random(in: 0...max(last, 0), using: &random))"]
    }

    /// Reads the experiments of a side file, in the order of their latest starts.
    ///
    /// - Parameter earlier: the experiment that the training has resumed, as the attempts before have left it.
    static func all(inSideFile path: String, after earlier: Resumable?) -> [Resumable] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let lines = SideFile.read(text) else {
            return []
        }
        var found: [Resumable] = []
        var begun = 0
        // The call of the last line may not have been made.
        for line in lines.dropLast().map(\.line) {
            if case .begin(let battery, _) = line { begun = battery }
            if case .began(let id) = line { found.append(Resumable(id: id, battery: begun)) }
            if case .resume(let id, let battery, let attempt, let from, _) = line {
                var experiment =
                    found.last { $0.id == id } ?? earlier.flatMap { $0.id == id ? $0 : nil }
                    ?? Resumable(id: id, battery: battery)
                experiment.resume(attempt, from: from)
                found.removeAll { $0.id == id }
                found.append(experiment)
            }
            if let last = found.indices.last { found[last].read(line) }
        }
        // An interrupted resume is the last attempt: the next one would have the same number.
        guard case .resume(let id, _, _, _, _)? = lines.last?.line else { return found }
        return found.filter { $0.id != id }
    }

    private mutating func resume(_ attempt: Int, from: Int?) {
        self.attempt = attempt
        guard let from else { return }
        (isRewound, epochs, end) = (true, from - 1, from)
    }

    private mutating func read(_ line: SideLine) {
        // An attempt without a first epoch logs to epochs of its own.
        let own = 10_000_000
        switch line {
        case .row(let epoch, _) where epoch < own: epochs = max(epochs, epoch)
        case .curve(let first, let losses) where first < own: end = max(end, first + losses.count)
        default: break
        }
    }
}
