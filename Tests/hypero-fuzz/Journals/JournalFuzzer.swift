import Foundation
import Glibc
import Hypero
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport

/// The adoption of mutated journals in this process.
final class JournalFuzzer: Fuzzer {
    static let name = "journals"
    static let lanes = 1

    /// The files of a journal's folder.
    struct Input: Codable {
        var producer: String
        var segments: [Segment]

        struct Segment: Codable {
            var name: String
            var bytes: Data
        }
    }

    private let corpus: [Input]
    private let server: FakeServer
    private let folder: TemporaryFolder
    private let violation = Violation()

    /// The first broken promise that the server has noticed.
    private final class Violation: Sendable {
        let text = Mutex<String?>(nil)
    }

    /// The deadline of an adoption, and the time by which it may be late.
    private static let (timeout, slack): (Duration, Duration) = (.milliseconds(300), .seconds(2))

    init(corpus: String) throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: corpus).sorted()
        self.corpus = try files.map {
            try JSONDecoder().decode(Input.self, from: Data(contentsOf: URL(fileURLWithPath: "\(corpus)/\($0)")))
        }
        server = try FakeServer()
        folder = try TemporaryFolder()
    }

    func input(seed: UInt64, index: Int) -> Input {
        var mutator = JournalMutator(generator(seed: seed, index: index))
        return mutator.mutated(from: corpus)
    }

    func run(_ input: Input) throws {
        let root = folder.file("journal")
        let journal = "\(root)/\(input.producer)"
        try FileManager.default.createDirectory(
            atPath: journal, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: root) }
        write(Data(), to: "\(journal)/lock")
        for segment in input.segments { write(segment.bytes, to: "\(journal)/\(segment.name)") }
        let size = input.segments.reduce(0) { $0 + $1.bytes.count }
        violation.text.withLock { $0 = nil }
        let violation = violation
        server.answer {
            // A number of eight bytes has up to 24 characters and a space.
            ObligingConversation(maxArgument: 4 * size + 4_096) { text in violation.text.withLock { $0 = text } }
        }
        let scope = Adoption.Scope(
            root: try JournalRoot(existing: root), url: try RedisURL(server.url), keyspaces: try Keyspace.all(),
            matchesServer: false, reportsErrors: true, durabilityWindow: .zero, notify: { _ in })
        let start = MonotonicTime.now
        var adoption = Adoption(scope, timeout: Self.timeout)
        adoption.scan()
        _ = adoption.run { _ in }
        let elapsed = MonotonicTime.now - start
        server.answer(with: nil)
        if let text = violation.text.withLock({ $0 }) { throw TestFailure(text) }
        guard elapsed < Self.timeout + Self.slack else {
            throw TestFailure("the adoption ended \(elapsed - Self.timeout) after its deadline")
        }
    }

    private func write(_ bytes: Data, to path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        bytes.withUnsafeBytes { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }
}

// The corpus.
extension JournalFuzzer {
    static func makeCorpus(in folder: String) throws {
        let server = try FakeServer()
        var number = 0
        let variants: [(arguments: [String], isServed: Bool)] = [
            (["--events", "20"], false), (["--events", "90", "--pause", "100"], false),
            (["--events", "1500", "--pause", "100"], false), (["--events", "1500"], false),
            (["--events", "40", "--forks", "--pause", "50"], false), (["--events", "60", "--pause", "300"], true),
        ]
        for (arguments, isServed) in variants {
            server.answer(with: nil)
            if isServed { server.answer { ObligingConversation(maxArgument: .max) { _ in } } }
            let temporary = try TemporaryFolder()
            let root = temporary.file("journal")
            let orphan = try ChildProcess(
                ChildProcess.productsDirectory + "/hypero-fuzz", ["orphan", "--redis", server.url] + arguments,
                environment: ["HYPERO_JOURNAL": root])
            guard orphan.wait() == .signalled(SIGKILL) else { throw TestFailure("no orphan: \(orphan.stderr)") }
            for producer in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(producer)").sorted()
                let segments = try names.filter { $0.hasSuffix(".segment") }.map { name in
                    Input.Segment(
                        name: name, bytes: try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(producer)/\(name)")))
                }
                number += 1
                let input = Input(producer: producer, segments: segments)
                try JSONEncoder().encode(input).write(to: URL(fileURLWithPath: "\(folder)/\(number).json"))
            }
        }
    }
}
