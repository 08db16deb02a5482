import Foundation
import TestSupport

/// The expected texts of `Fixtures`, which are too long for the code of tests.
enum GoldenText {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures").standardized

    /// Returns the expected text of a name.
    static func of(_ name: String) throws -> String {
        let file = folder.appendingPathComponent("\(name).txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw TestFailure("no golden text: \(file.path)")
        }
        return text
    }
}
