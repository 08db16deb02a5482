import ArgumentParser
import Foundation
import Glibc
import TestSupport

/// A worker process. It ends with status 0 when no input is left, and with 3 if an input breaks a promise.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", shouldDisplay: false)

    @Option var kind: String
    @Option var corpus: String
    @Option var seed: UInt64 = 0
    @Option(help: "The file of the shared progress.") var progress: String
    @Option(help: "The first lane of this worker in the progress.") var lane = 0
    @Option(help: "The only input to run.") var input: String?

    /// The exit status for a broken promise.
    static let brokenPromise: Int32 = 3

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        switch kind {
        case JournalFuzzer.name: try run(JournalFuzzer.self)
        case ReplyFuzzer.name: try run(ReplyFuzzer.self)
        case FilterFuzzer.name: try run(FilterFuzzer.self)
        default: throw ValidationError("unknown kind: \(kind)")
        }
    }

    private func run<Kind: Fuzzer>(_ kind: Kind.Type) throws {
        let progress = try Progress(path: progress)
        if let input {
            let fuzzer = try Kind(corpus: corpus)
            let decoded = try JSONDecoder().decode(Kind.Input.self, from: Data(contentsOf: URL(fileURLWithPath: input)))
            progress.set(0, in: lane)
            try Self.judged { try fuzzer.run(decoded) }
            // Memory or a thread may grow only afterwards.
            usleep(300_000)
            return
        }
        let lanes = ThreadGroup(Kind.lanes) { [self, progress] number in
            let fuzzer = try Kind(corpus: corpus)
            while let index = progress.take() {
                let input = fuzzer.input(seed: seed, index: index)
                progress.set(index, in: lane + number)
                try Self.judged { try fuzzer.run(input) }
                progress.set(nil, in: lane + number)
            }
        }
        _ = try lanes.results()
    }

    /// Ends the process at once if an input breaks a promise, so that the progress still names the input.
    private static func judged(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as TestFailure {
            FileHandle.standardError.write(Data("\(failure)\n".utf8))
            _exit(brokenPromise)
        }
    }
}
