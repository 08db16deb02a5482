import Glibc
import TestSupport

/// A process that logs.
struct Training {
    let process: ChildProcess
    /// The side file of its first thread.
    private let side: String

    init(
        _ kind: TrainingKind, redis: String, sides: String, journal: String, rate: Int, _ random: inout SeededGenerator
    )
        throws
    {
        let seed = random.next() >> 1
        var options = ["--redis", redis, "--sides", sides, "--seed", "\(seed)", "--rate", "\(rate)"]
        let few = "\(Int.random(in: 500...4_000, using: &random))"
        switch kind {
        case .long: break
        case .manyThreads: options += ["--threads", "4"]
        case .short: options += ["--events", few]
        case .leaving: options += ["--events", few, "--ending", "exit"]
        case .forking: options += ["--forks"]
        }
        process = try ChildProcess("chaos-producer", options, environment: ["HYPERO_JOURNAL": journal])
        side = "\(sides)/\(process.pid)-\(seed)-1.side"
    }

    /// What it has told a person, behind its name; nil for nothing.
    var log: String? {
        let text = process.stderr
        return text.isEmpty ? nil : "\(process)\n\(text)"
    }

    /// Nothing that goes wrong with Redis may end a training: it ends by itself or is killed.
    func check() throws {
        let ending = process.wait()
        // SIGTERM ends one that has only just begun.
        guard ending == .exited(0) || ending == .signalled(SIGKILL) || ending == .signalled(SIGTERM) else {
            throw TestFailure("\(process) ended with \(String(describing: ending)): \(process.stderr)")
        }
    }

    /// Kills it, in mid-burst if it is to have a burst soon.
    func kill() {
        let before = written
        let deadline = ContinuousClock.now + .milliseconds(300)
        // Without a pause: a burst takes less than the shortest.
        while written == before, ContinuousClock.now < deadline {}
        process.kill()
    }

    /// Bytes in its side file.
    private var written: Int {
        var status = stat()
        return stat(side, &status) == 0 ? Int(status.st_size) : 0
    }
}
