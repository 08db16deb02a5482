import ArgumentParser
import Foundation
import TestSupport

/// The long fault test: `Scripts/chaos`.
@main
struct Chaos: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Inject faults for a while, then check that no event was lost.",
        discussion: """
            Trainings log to Redis through faulty networks, while the trainings, Redis and two ingests are killed, \
            suspended and disconnected, servers turn hostile, the number of partitions changes, and, if this program is \
            run by root, another user attacks the journals. Experiments are resumed, batteries are declared with \
            differences, and experiments and batteries are deleted. Afterwards the ingest drains the streams, and the \
            indexes are compared with the calls that the trainings recorded. The exit status is 0 without a difference, 1 \
            with a difference or another broken promise, and 2 if the run failed. The folder of the run is kept unless \
            the exit status is 0.

            A server that forgets everything is a run of its own: --only FLUSHALL. What was durable before may then be \
            gone. Judged is what holds afterwards: each event that was logged after the last FLUSHALL is in the indexes, or \
            was a dead letter that is requeued; the experiments that were open have their starts, hyper-parameters and \
            metadata; `flush(until: .applied)` has returned true only for what is in the indexes; and nothing is in the \
            indexes that was not logged.
            """)

    @Option(help: "Duration of the fault injection.") var seconds = 60
    @Option(help: "Seed of the faults and the trainings.") var seed: UInt64 = .random(in: 1..<1_000_000)
    @Option(help: "Approximate events per second of all trainings together.") var rate = 3_000
    @Option(help: "Inject only faults whose names contain one of these texts, separated by commas.") var only: String?
    @Option(help: "Inject no faults whose names contain one of these texts, separated by commas.") var without: String?
    @Option(help: "Start only trainings of these kinds, separated by commas. The default is all kinds.") var kinds:
        String?

    @Option(
        help: ArgumentHelp(
            "Start trainings in Python too, with this interpreter, which has the package hypero.", valueName: "path"))
    var python: String?

    @Option(
        help: ArgumentHelp(
            "Use several servers, of which one after another fails, instead of one behind a faulty network: sentinel or cluster.",
            valueName: "kind"))
    var servers: ServerGroup.Kind?

    @Option(
        help: ArgumentHelp(
            "Run this many searches instead, one after another, each of 200 trials by eight processes, and check that each trial "
                + "ends once.", valueName: "n"))
    var searches: Int?

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("--seconds must be at least 1, not \(seconds)") }
        guard rate > 0 else { throw ValidationError("--rate must be at least 1, not \(rate)") }
        guard !trainings.isEmpty else {
            throw ValidationError(
                "--kinds must name a kind of training: "
                    + TrainingKind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard python != nil || !trainings.contains(.python) else {
            throw ValidationError("trainings in Python need --python with the path of the interpreter")
        }
        guard !faults.isEmpty else {
            throw ValidationError(
                "--only and --without exclude all faults. The faults are: "
                    + Fault.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard faults.contains(.flushAll) else { return }
        if let other = faults.first(where: { !$0.isJudgedWithFlushAll }) {
            throw ValidationError("FLUSHALL must not be combined with the fault '\(other.rawValue)'")
        }
        if let other = trainings.first(where: { !Self.kindsWithFlushAll.contains($0) }) {
            throw ValidationError("FLUSHALL must not be combined with trainings of the kind \(other.rawValue)")
        }
    }

    /// The kinds that the judge of a run with FLUSHALL knows: without forks, resumes and dead letters of their own.
    private static let kindsWithFlushAll: [TrainingKind] = [.long, .manyThreads, .short, .leaving]

    private var faults: [Fault] {
        func isNamed(_ fault: Fault, in list: String) -> Bool {
            list.split(separator: ",").contains { fault.rawValue.contains($0) }
        }
        return Fault.allCases.filter { fault in
            fault.isPossible(with: servers) && (fault != .flushAll || only != nil)
                && (only.map { isNamed(fault, in: $0) } ?? true)
                && !(without.map { isNamed(fault, in: $0) } ?? false)
        }
    }

    private var trainings: [TrainingKind] {
        guard let kinds else {
            return faults.contains(.flushAll)
                ? Self.kindsWithFlushAll
                : TrainingKind.allCases.filter {
                    $0 != .searching && ($0 != .python || python != nil) && ($0 != .wrongType || servers == nil)
                }
        }
        return kinds.split(separator: ",").compactMap { TrainingKind(rawValue: String($0)) }
    }

    func run() throws {
        if let searches { return try runSearches(searches) }
        let run = try ChaosRun(
            seed: seed, rate: rate, trainings: trainings, faults: faults, python: python, servers: servers)
        do {
            let verdict = try run.run(for: .seconds(seconds))
            print(run.summary)
            print(verdict.text)
            guard verdict.isGood, run.findings.isEmpty else {
                print("seed \(seed); files of the run: \(try run.keepFiles())")
                throw ExitCode(1)
            }
        } catch let error as TestFailure {
            print(run.summary)
            print("the run failed: \(error)")
            print("seed \(seed); files of the run: \(try run.keepFiles())")
            throw ExitCode(2)
        }
    }
}

extension Chaos {
    private func runSearches(_ count: Int) throws {
        var total = SearchVerdict()
        for seed in seed..<(seed + UInt64(count)) {
            let run = try SearchRun(seed: seed, faults: faults.filter(\.isJudgedWithSearches), servers: servers)
            do {
                let verdict = try run.run()
                print("seed \(seed): \(verdict.text)")
                // A run of a hundred searches takes an hour, and its output may be a file.
                fflush(nil)
                total.add(verdict)
                guard verdict.differences.isEmpty else {
                    print("files of the run: \(try run.keepFiles())")
                    throw ExitCode(1)
                }
            } catch let error as TestFailure {
                print("seed \(seed): the run failed: \(error)")
                print("files of the run: \(try run.keepFiles())")
                throw ExitCode(2)
            }
        }
        print("\(count) searches: \(total.text)")
    }
}

extension ServerGroup.Kind: ExpressibleByArgument {}
