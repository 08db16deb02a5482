import Glibc
import TestSupport

/// A `chaos-producer` process.
struct Training {
    let process: ChildProcess
    /// The path of the side file of the first thread.
    private let side: String

    init(
        _ kind: TrainingKind, redis: String, sides: String, journal: String, rate: Int,
        random: inout SeededGenerator
    ) throws {
        let seed = random.next() >> 1
        var options = ["--redis", redis, "--sides", sides, "--seed", "\(seed)", "--rate", "\(rate)"]
        let events = "\(Int.random(in: 500...4_000, using: &random))"
        switch kind {
        case .long: break
        case .manyThreads: options += ["--threads", "4"]
        case .short: options += ["--events", events]
        case .leaving: options += ["--events", events, "--ending", "exit"]
        case .forking: options += ["--forks"]
        }
        process = try ChildProcess("chaos-producer", options, environment: ["HYPERO_JOURNAL": journal])
        side = "\(sides)/\(process.pid)-\(seed)-1.side"
    }

    /// The name of the process and its standard error; nil if the standard error is empty.
    var log: String? {
        let text = process.stderr
        return text.isEmpty ? nil : "\(process)\n\(text)"
    }

    /// Checks that the training ended normally or was killed by this test. No fault of Redis may end a training.
    ///
    /// - Throws: ``TestFailure`` for any other ending.
    func checkEnding() throws {
        let ending = process.wait()
        // SIGTERM kills a training that has not installed its signal handler yet.
        guard ending == .exited(0) || ending == .signalled(SIGKILL) || ending == .signalled(SIGTERM) else {
            throw TestFailure("\(process) ended with \(String(describing: ending)): \(process.stderr)")
        }
    }

    /// Kills the training in the middle of its next burst, or after 300 ms if no burst starts.
    func kill() {
        let before = sideFileSize
        let deadline = ContinuousClock.now + .milliseconds(300)
        // A busy wait, because a burst is shorter than the shortest sleep.
        while sideFileSize == before, ContinuousClock.now < deadline {}
        process.kill()
    }

    private var sideFileSize: Int {
        var status = stat()
        return stat(side, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// The behavior of a training. The raw values are the values of the option `--kinds`.
enum TrainingKind: String, CaseIterable {
    /// Logs until SIGTERM.
    case long
    /// Logs from four threads with one client until SIGTERM.
    case manyThreads
    /// Ends after some events.
    case short
    /// Ends after some events, without closing its client.
    case leaving
    /// Forks children until SIGTERM.
    case forking
}
