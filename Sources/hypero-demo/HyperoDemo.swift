import ArgumentParser
import HyperoCommandLine

/// The command: its configuration, and the choice between the pool and a worker.
@main
struct HyperoDemo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-demo",
        abstract: "Train small neural networks on handwritten digits and log them to hypero.",
        usage: "hypero-demo [<options>]",
        discussion: """
            Each experiment draws its hyper-parameters, trains a multilayer perceptron, and logs the accuracies and the \
            loss of every epoch. Training runs at full speed whether or not Redis is reachable; events that could not be \
            sent remain in the journal.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-demo
              hypero-demo --experiments 4 --epochs 5
              hypero-demo --workers 8 --seed 7
              hypero-demo --version 2 --description "wider layers"

            EXIT STATUS:
            \(ExitStatus.help)

            DATA:
            \(Digits.attribution)
            """)

    @OptionGroup(title: "Training")
    var training: TrainingOptions

    @OptionGroup(title: "Redis")
    var redis: RedisOptions

    @Option(help: ArgumentHelp("Run the experiments of one worker, counted from 0.", visibility: .private))
    var workerIndex: Int?

    static func main() {
        do {
            guard Program.demo.start() else { return }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Program.demo.exit(after: error, of: Self.self)
        }
    }

    func validate() throws {
        if let workerIndex {
            try TrainingOptions.check("--worker-index", is: workerIndex, within: 0...training.workers - 1)
        }
    }

    func run() throws {
        InterruptCounter.install()
        let status: ExitStatus
        if let workerIndex {
            status = Worker(index: workerIndex, training: training, redis: redis).run()
        } else {
            redis.server.warn(as: .demo)
            var pool = WorkerPool(training: training, redis: redis)
            status = pool.run()
        }
        if status != .success { throw status.code }
    }
}

extension Program {
    static let demo = Program("hypero-demo")
}
