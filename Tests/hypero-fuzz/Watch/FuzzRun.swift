import ArgumentParser
import Foundation
import TestSupport

/// A run of one kind of inputs.
final class FuzzRun<Kind: Fuzzer> {
    private let options: RunOptions
    private let folder: TemporaryFolder
    private let start = ContinuousClock.now
    private var failures = 0
    private var unconfirmed = 0
    private var reasons: [String: Int] = [:]

    init(_ options: RunOptions) throws {
        self.options = options
        folder = try TemporaryFolder()
    }

    /// Runs all inputs, or the stored one.
    ///
    /// - Throws: `ExitCode` 1 if an input fails.
    func run() throws {
        try FileManager.default.createDirectory(atPath: corpus, withIntermediateDirectories: false)
        try Kind.makeCorpus(in: corpus)
        if let input = options.input {
            let stored = try JSONDecoder().decode(Kind.Input.self, from: Data(contentsOf: URL(fileURLWithPath: input)))
            guard let reason = try repeatAlone(input, maxGrowth: maxGrowth(of: stored, by: Kind(corpus: corpus))) else {
                return print("\(input): no failure")
            }
            print("\(input): \(reason)")
            throw ExitCode(1)
        }
        print("\(Kind.name): seed \(options.seed), \(options.count) inputs")
        let count = try runAll()
        let elapsed = (ContinuousClock.now - start).components.seconds
        print("\(Kind.name): seed \(options.seed), \(count) inputs in \(elapsed) s, \(failures) failures")
        for (reason, count) in reasons.sorted(by: { $0.value > $1.value }) { print("    \(count) × \(reason)") }
        if unconfirmed > 0 { print("    \(unconfirmed) further inputs failed once and not when repeated alone") }
        guard failures == 0 else { throw ExitCode(1) }
    }

    private var maxTime: Duration { .seconds(options.maxSeconds) }

    private var corpus: String { folder.file("corpus") }

    /// - Returns: the number of inputs that were run.
    private func runAll() throws -> Int {
        let progress = try Progress(path: folder.file("progress"))
        progress.count = options.count
        let arguments = [
            "--kind", Kind.name, "--corpus", corpus, "--seed", "\(options.seed)", "--progress", folder.file("progress"),
        ]
        func start(_ number: Int) throws -> WatchedWorker {
            let first = number * Kind.lanes
            return try WatchedWorker(arguments, progress: progress, lanes: first..<first + Kind.lanes, maxTime: maxTime)
        }
        let fuzzer = try Kind(corpus: corpus)
        var workers = try (0..<options.workers).map { try start($0) }
        var nextReport = ContinuousClock.now + .seconds(10)
        while workers.contains(where: { !$0.hasEnded }), failures < options.failures {
            usleep(5_000)
            for (number, worker) in workers.enumerated() where !worker.hasEnded {
                let failure = worker.look {
                    maxGrowth(of: fuzzer.input(seed: options.seed, index: $0), by: fuzzer)
                }
                guard let failure else { continue }
                try examine(failure, by: fuzzer)
                // The failed input is not run again: the progress is past it.
                workers[number] = try start(number)
            }
            if ContinuousClock.now > nextReport {
                nextReport = .now + .seconds(10)
                FileHandle.standardError.write(Data("\(progress.next) inputs, \(failures) failures\n".utf8))
            }
        }
        return progress.next
    }

    /// Stores the candidates of a failure, repeats each alone, and reports those that fail again.
    private func examine(_ failure: WatchedWorker.Failure, by fuzzer: Kind) throws {
        var isConfirmed = false
        for index in failure.candidates {
            let path = path(of: index)
            let input = fuzzer.input(seed: options.seed, index: index)
            try JSONEncoder().encode(input).write(to: URL(fileURLWithPath: path))
            if let reason = try repeatAlone(path, maxGrowth: maxGrowth(of: input, by: fuzzer)) {
                isConfirmed = true
                report(reason, of: index, stored: path)
            }
        }
        guard !isConfirmed else { return }
        // A busy machine makes an input slow. A crash is a failure even if it does not happen again.
        let reason = "\(failure.reason), and not when repeated alone"
        if failure.isCrash {
            let index = failure.candidates.first ?? -1
            try failure.log.write(toFile: path(of: index) + ".log", atomically: false, encoding: .utf8)
            return report(reason, of: index, stored: path(of: index))
        }
        unconfirmed += 1
        print("inputs \(failure.candidates): \(reason)")
    }

    /// Returns the largest growth of a worker's memory in KiB that an input may cause.
    private func maxGrowth(of input: Kind.Input, by fuzzer: Kind) -> Int {
        (options.maxMebibytes << 10) + fuzzer.additionalGrowth(of: input)
    }

    /// The file of a failing input.
    private func path(of index: Int) -> String {
        "\(options.output)/hypero-fuzz-\(Kind.name)-\(options.seed)-\(index).json"
    }

    private func report(_ reason: String, of index: Int, stored path: String) {
        failures += 1
        let summary = String(reason.split(separator: "\n").first?.prefix(100) ?? "")
        // Digits differ from input to input.
        reasons[summary.filter { !$0.isNumber }, default: 0] += 1
        print("seed \(options.seed), input \(index): \(reason)\n    repeat: Scripts/fuzz \(Kind.name) --input \(path)")
    }

    /// - Parameter maxGrowth: the largest growth of the process in KiB.
    /// - Returns: the reason of the failure; nil if the input does not fail.
    private func repeatAlone(_ path: String, maxGrowth: Int) throws -> String? {
        let file = folder.file("progress of one")
        let progress = try Progress(path: file)
        let worker = try WatchedWorker(
            ["--kind", Kind.name, "--corpus", corpus, "--progress", file, "--input", path], progress: progress,
            lanes: 0..<1, maxTime: maxTime)
        while !worker.hasEnded {
            if let failure = worker.look(maxGrowth: { _ in maxGrowth }) { return failure.reason }
            usleep(2_000)
        }
        return nil
    }
}

extension WatchedWorker.Failure {
    /// True if the process ended by itself.
    fileprivate var isCrash: Bool { !reason.hasPrefix("longer than") && !reason.hasPrefix("grown by") }
}
