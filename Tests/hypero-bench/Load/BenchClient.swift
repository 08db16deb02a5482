import Foundation
import Hypero
import TestSupport

/// A client with a private journal folder, so that no other client adopts its journal.
final class BenchClient: Sendable {
    let hypero: Hypero
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - url: the Redis URL.
    ///   - journalLimit: the size limit of the journal in bytes. The default is the client's.
    init(_ url: String, journalLimit: Int = 256 << 20) throws {
        folder = try TemporaryFolder()
        setenv("HYPERO_JOURNAL", folder.file("journal"), 1)
        defer { unsetenv("HYPERO_JOURNAL") }
        hypero = try Hypero.connect(url, journalLimit: journalLimit)
    }

    /// Closes the client.
    ///
    /// - Throws: ``BenchError`` if the client dropped events before, because the measurement is then invalid.
    func close() throws {
        hypero.close(timeout: .milliseconds(200))
        let dropped = hypero.counters.dropped
        guard dropped.total == dropped.closed else { throw BenchError("the client dropped events: \(dropped)") }
    }
}
