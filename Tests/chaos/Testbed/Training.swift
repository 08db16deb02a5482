import Glibc
import TestSupport

/// A `chaos-producer` process.
struct Training {
    let process: ChildProcess
    let kind: TrainingKind
    /// The path of the side file of the first thread.
    let side: String
    /// The experiment that the training resumes.
    let resumed: Resumable?
    let partitions: Int

    /// The settings that all trainings of a fleet share.
    struct Settings {
        /// The Redis URL.
        let redis: String
        /// The folder of the side files.
        let sides: String
        /// The folder of the journals.
        let journal: String
        /// Events per second of one training.
        let rate: Int
        /// The number of partitions of the deployment.
        var partitions = 1
        /// True if trainings flush until their events are applied.
        var flushes = false
        /// The number of trials and the seed of the search that trainings of the kind ``TrainingKind/searching`` run.
        var search: (trials: Int, seed: UInt64) = (1, 1)
        /// The Python interpreter of the trainings in Python.
        var python: String?
    }

    /// - Parameter resumed: the experiment that a training of the kind ``TrainingKind/resuming`` resumes.
    init(
        _ kind: TrainingKind, _ settings: Settings, resumed: Resumable? = nil, random: inout SeededGenerator
    ) throws {
        self.kind = kind
        self.resumed = resumed
        partitions = settings.partitions
        let seed = random.next() >> 1
        let rate = kind == .wrongType ? min(settings.rate, Self.maxWrongTypeRate) : settings.rate
        var options = [
            "--redis", settings.redis, "--sides", settings.sides, "--seed", "\(seed)", "--rate", "\(rate)",
            "--partitions", "\(settings.partitions)",
        ]
        if settings.flushes { options.append("--flushes") }
        let events = "\(Int.random(in: 500...4_000, using: &random))"
        switch kind {
        case .long: break
        case .manyThreads: options += ["--threads", "4"]
        case .short: options += ["--events", events]
        case .leaving: options += ["--events", events, "--ending", "exit"]
        case .forking: options += ["--forks", "own"]
        case .daemon: options += ["--events", events, "--forks", "daemon"]
        case .outliving: options += ["--events", events, "--forks", "outliving"]
        case .outlivingThreads: options += ["--events", events, "--forks", "outliving", "--threads", "3"]
        case .pool: options += ["--events", events, "--forks", "pool"]
        case .python: options += ["--events", events]
        case .wrongType: options += ["--wrong-type"]
        case .searching:
            options += ["--search", "\(settings.search.trials)", "--search-seed", "\(settings.search.seed)"]
        case .resuming:
            options += ["--events", events] + (resumed?.options(using: &random) ?? [])
            if random.chance(30) { options += ["--ending", "exit"] }
        }
        let environment = ["HYPERO_JOURNAL": settings.journal]
        if kind == .python, let python = settings.python {
            process = try ChildProcess(
                python, ["Tests/Python/chaos_producer.py"] + options, environment: environment)
        } else {
            process = try ChildProcess("chaos-producer", options, environment: environment)
        }
        side = "\(settings.sides)/\(process.pid)-\(seed)-1.side"
    }

    /// The largest rate of a training whose events become dead letters. Redis keeps about 100,000 dead letters.
    private static let maxWrongTypeRate = 100

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
            throw TestFailure(
                "\(process), a training of the kind \(kind.rawValue), ended with \(String(describing: ending)): "
                    + process.stderr)
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
    /// Forks children with clients of their own until SIGTERM.
    case forking
    /// Begins an experiment, forks, and exits. The child goes on with the experiment.
    case daemon
    /// Forks children that log to its experiments and go on after its end.
    case outliving
    /// Like `outliving`, while other threads log.
    case outlivingThreads
    /// Forks pools of children that log to its experiments, and waits for them.
    case pool
    /// Logs from Python, and forks four workers for each experiment, which log to it, and waits for them.
    case python
    /// Logs events that Redis cannot take, because a key is of a wrong type, until SIGTERM.
    case wrongType
    /// Resumes an experiment of a training that has ended or was killed, and ends after some events.
    case resuming
    /// Runs trials of a search until all have ended. Only in a run of its own, whose judge is ``SearchJudge``.
    case searching

    /// True if the experiments may be resumed: each has one thread of one process.
    var isResumable: Bool {
        switch self {
        case .long, .short, .leaving, .resuming: true
        case .manyThreads, .forking, .daemon, .outliving, .outlivingThreads, .pool, .python, .wrongType, .searching:
            false
        }
    }

    /// True if processes may remain after the training's end.
    var leavesOrphans: Bool {
        switch self {
        case .daemon, .outliving, .outlivingThreads: true
        case .long, .manyThreads, .short, .leaving, .forking, .pool, .python, .wrongType, .resuming, .searching: false
        }
    }
}
