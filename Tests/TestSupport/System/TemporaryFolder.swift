import Foundation
import Synchronization

/// A new, empty folder with a short path.
///
/// The folder and its content are removed when the object is deinitialized or the test process ends.
package final class TemporaryFolder: Sendable {
    /// The absolute path, without a trailing slash.
    package let path: String

    private static let count = Atomic<Int>(0)

    /// - Parameter inMemory: true to create the folder on a file system in memory, if there is one with enough room.
    package init(inMemory: Bool = false) throws {
        ProcessReaper.start()
        let number = Self.count.add(1, ordering: .relaxed).newValue
        path = "\(inMemory ? ProcessReaper.memoryRoot : ProcessReaper.root)/\(number)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Returns the path of a file in the folder. The file need not exist.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a program that can be started at once.
    ///
    /// Another process writes the file. A process that is forked while this one has the file open for writing would hold it open until
    /// its own program starts, and Linux refuses to start a program that is open for writing.
    package func writeProgram(_ text: String, to name: String) throws {
        let script = "printf %s \"$1\" >\"$0\" && chmod 700 \"$0\""
        let outcome = try ChildProcess.run("sh", ["-c", script, file(name), text])
        guard outcome.succeeded else { throw TestFailure("cannot write \(file(name)): \(outcome.stderr)") }
    }
}
