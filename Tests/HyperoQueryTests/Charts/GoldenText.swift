import Foundation
import TestSupport

/// The expected texts of `Fixtures`, which are too long for the code of tests.
enum GoldenText {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures").standardized

    /// Returns the expected text of a name.
    ///
    /// - Parameter actual: the text of this run. With `HYPERO_WRITE_GOLDEN=1` in the environment it becomes the expected one,
    ///   for review with `git diff`.
    static func of(_ name: String, actual: String) throws -> String {
        let file = folder.appendingPathComponent("\(name).txt")
        if ProcessInfo.processInfo.environment["HYPERO_WRITE_GOLDEN"] == "1" {
            try actual.write(to: file, atomically: true, encoding: .utf8)
        }
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw TestFailure("no golden text: \(file.path)")
        }
        return text
    }
}
