import ArgumentParser
import Foundation

@main
struct HyperoDemo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-demo",
        abstract: "Train small neural networks on handwritten digits and log them to hypero.",
        discussion: """
            Each experiment draws its hyper-parameters, trains a multilayer perceptron and logs the accuracies and the \
            loss of every epoch. It trains at full speed whether Redis is there or not; what could not be sent waits in \
            the journal.

            EXAMPLES:
              hypero-demo
              hypero-demo --experiments 4 --epochs 5
              hypero-demo --workers 8 --seed 7 --redis redis://10.0.0.5:6379
              hypero-demo --version 2 --description "wider layers"

            EXIT CODES:
            \(ExitReason.help)
            """)

    @OptionGroup(title: "Training")
    var training: TrainingOptions

    @OptionGroup(title: "Redis")
    var redis: RedisOptions

    @Option(help: ArgumentHelp("Run only the share of this worker, counted from 0.", visibility: .private))
    var share: Int?

    func validate() throws {
        if let share { try TrainingOptions.check("--share", share, within: 0...training.workers - 1) }
    }

    func run() throws {
        Interrupt.install()
        let status =
            if let share {
                try Worker(index: share, training: training, redis: redis).run()
            } else {
                try WorkerPool(training: training, redis: redis).run()
            }
        if status != .success { throw status.code }
    }
}
