import ArgumentParser
import Foundation
import TestSupport

@main
struct Chaos: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Lets everything go wrong for a while, and looks whether anything was lost.",
        discussion: """
            Trainings log to a Redis through bad networks while they, Redis and two ingests are killed, stopped and cut \
            off. Then all is drained, and the indexes are compared with what the trainings wrote down. Exit code 0 says \
            that there is no difference, 1 that there is one; then the run's folder is kept.
            """)

    @Option(help: "How long things go wrong.") var seconds = 60
    @Option(help: "What the faults and the trainings are drawn from.") var seed: UInt64 = .random(in: 1..<1_000_000)
    @Option(help: "Events a second of all trainings together, about.") var rate = 3_000
    @Option(help: "Only these faults: parts of their names, with commas between them.") var only: String?
    @Option(help: "Not these faults, likewise.") var without: String?
    @Option(help: "Only trainings of these kinds: long, manyThreads, short, leaving, forking.") var kinds: String?

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("--seconds must be above 0: write --seconds 60") }
        guard rate > 0 else { throw ValidationError("--rate must be above 0: write --rate 3000") }
        guard !trainings.isEmpty else { throw ValidationError("--kinds names no kind of training: write --kinds long") }
        guard !faults.isEmpty else {
            throw ValidationError(
                "no fault is left; there are: \(Fault.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    private var faults: [Fault] {
        func isNamed(_ fault: Fault, in list: String) -> Bool {
            list.split(separator: ",").contains { fault.rawValue.contains($0) }
        }
        return Fault.allCases.filter { fault in
            (only.map { isNamed(fault, in: $0) } ?? true) && !(without.map { isNamed(fault, in: $0) } ?? false)
        }
    }

    private var trainings: [TrainingKind] {
        guard let kinds else { return TrainingKind.allCases }
        return kinds.split(separator: ",").compactMap { TrainingKind(rawValue: String($0)) }
    }

    func run() throws {
        let run = try ChaosRun(seed: seed, rate: rate, trainings: trainings, faults: faults)
        do {
            let verdict = try run.run(for: .seconds(seconds))
            print(run.summary)
            print(verdict.text)
            guard verdict.isGood else {
                print("seed \(seed); all of it is kept in \(try run.keep())")
                throw ExitCode(1)
            }
        } catch let error as TestFailure {
            print(run.summary)
            print("the run broke off: \(error)")
            print("seed \(seed); all of it is kept in \(try run.keep())")
            throw ExitCode(2)
        }
    }
}
