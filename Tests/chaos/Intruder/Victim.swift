import Foundation
import Glibc
import TestSupport

/// A folder of the user under attack, whose files must not change.
final class Victim {
    let path: String
    private let expected: [String: Data]

    /// - Parameter segment: the content of a file that looks like a segment of a journal.
    init(in folder: TemporaryFolder, segment: [UInt8]) throws {
        path = folder.file("victim")
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        expected = [
            "lock": Data("locked by another program\n".utf8), "1.segment": Data(segment),
            "thesis.txt": Data(repeating: UInt8(ascii: "t"), count: 135_091),
        ]
        for (name, content) in expected { try content.write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
        // The other user can read the files and go through the folders above, as in a home folder.
        chmod(path, 0o755)
        for name in expected.keys { chmod("\(path)/\(name)", 0o644) }
    }

    /// Returns the changes of the files, and restores the files.
    func changes() throws -> [String] {
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: path))
        var changes = names.subtracting(expected.keys).map { "created \($0)" }
        for (name, content) in expected {
            let found = FileManager.default.contents(atPath: "\(path)/\(name)")
            guard found != content else { continue }
            changes.append(
                found.map { "\(name) changed from \(content.count) to \($0.count) bytes" } ?? "removed \(name)")
            try content.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            chmod("\(path)/\(name)", 0o644)
        }
        return changes.sorted()
    }
}
