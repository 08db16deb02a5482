import Foundation
import Hypero
import TestSupport

/// A client with a journal that nobody else looks into.
final class BenchClient: Sendable {
    let hypero: Hypero
    private let folder: TemporaryFolder

    /// - Parameter journalLimit: bytes; of a client by itself unless more is to wait.
    init(_ url: String, journalLimit: Int = 256 << 20) throws {
        folder = try TemporaryFolder()
        setenv("HYPERO_JOURNAL", folder.file("journal"), 1)
        defer { unsetenv("HYPERO_JOURNAL") }
        hypero = try Hypero.connect(url, journalLimit: journalLimit)
    }

    /// - Throws: when events were dropped: then what was measured is something else.
    func close() throws {
        hypero.close(timeout: .milliseconds(200))
        let dropped = hypero.counters.dropped
        guard dropped.total == dropped.closed else { throw BenchError("the client dropped events: \(dropped)") }
    }
}
