import ArgumentParser
import Foundation
import Glibc
import Hypero
import HyperoSchema

/// A process that logs and kills itself, so that it leaves a real orphaned journal.
struct OrphanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "orphan", shouldDisplay: false)

    @Option var redis: String
    @Option(help: "The number of events.") var events: Int
    @Option(help: "Milliseconds between the last event and the kill, in which the sender writes checksums.") var pause =
        0
    @Flag(help: "Let a forked child log to the experiment, and keep the child's journal too.") var forks = false

    func run() throws {
        var configuration = Client.Configuration(url: redis, seed: 7)
        configuration.segmentSize = 64 << 10
        configuration.journalLimit = 1 << 20
        configuration.notify = { _ in }
        let client = try Client(configuration)
        let hypero = Hypero(client)
        let battery = hypero.battery("fuzz", version: 2, description: "Größe", objective: "loss", direction: .min)
        let experiment = battery.experiment()
        log(to: experiment)
        if forks {
            let child = fork()
            if child == 0 {
                log(to: experiment)
                log(to: battery.experiment())
                die()
            }
            var status: Int32 = 0
            waitpid(child, &status, 0)
        }
        die()
    }

    private func log(to experiment: Experiment) {
        for event in 1...events {
            switch event % 9 {
            case 0: experiment.insertHP("name \(event)", "value \(event)")
            case 1: experiment.updateMeta("dataset", "digits")
            case 2: experiment.updateLearningCurve(first: event, ["loss": [1, 2, .nan, -.infinity], "µ": [0.5]])
            case 3: experiment.updateMaxima(epoch: event, ["valid": 0.25, "loss": 0.1])
            case 4: experiment.updateMeta("log", String(repeating: "x", count: event % 700))
            default: experiment.log(epoch: event, train: 0.5, valid: 0.25, test: Double(event))
            }
        }
        experiment.finish()
    }

    private func die() -> Never {
        usleep(UInt32(pause * 1_000))
        kill(getpid(), SIGKILL)
        fatalError("not killed")
    }
}
