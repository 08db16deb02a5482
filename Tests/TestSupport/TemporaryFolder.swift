import Foundation
import Synchronization

/// A fresh, empty folder with a short path, removed with all that is in it when the object goes or the process ends.
package final class TemporaryFolder: Sendable {
    /// The absolute path, without a slash at its end.
    package let path: String

    private static let made = Atomic<Int>(0)

    package init() throws {
        ProcessReaper.start()
        let number = Self.made.add(1, ordering: .relaxed).newValue
        path = "\(ProcessReaper.root)/\(number)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of something in the folder, whether it exists or not.
    package func file(_ name: String) -> String { "\(path)/\(name)" }
}
