import Foundation
import HyperoSchema
import TestSupport
import Testing

/// The candidates of the last 10 seconds in `XDG_RUNTIME_DIR`.
@Suite struct CandidateCacheTests {
    private let line = "hypero-query rank dig"

    private func files(in folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func `A file of the user keeps the candidates for seconds, per server and namespace`() throws {
        let folder = try TemporaryFolder()
        let environment = ["XDG_RUNTIME_DIR": folder.path]
        let fixture = try Fixture.completion()
        let found = try fixture.candidates("zsh", line, environment: environment)
        #expect(found == ["digits mlp\t3 experiments"])
        let names = try files(in: folder)
        #expect(names.count == 1 && names[0].hasPrefix("hypero-query-"))
        let path = folder.file(names[0])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasSuffix("\ndigits mlp\t3 experiments\n") || text.contains("\ndigits mlp\t3 experiments\n"))
        #expect(!text.contains(fixture.server.url))

        // The next question reads the file, and not the server.
        fixture.battery("digits 2")
        try fixture.commit()
        #expect(try fixture.candidates("zsh", line, environment: environment) == found)
        // Another namespace has other candidates.
        #expect(
            try fixture.candidates("zsh", line, environment: environment.merging(["HYPERO_NAMESPACE": "none"]) { $1 })
                == [])
        // The file of 10 seconds ago is too old, and so is one of the future.
        for age in [-11.0, 60] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: age)], ofItemAtPath: path)
            #expect(try fixture.candidates("zsh", line, environment: environment).count == 2)
        }
    }

    @Test(arguments: ["link", "readable", "folder", "fifo", "large", "garbage"])
    func `A file that another user could have written is not read`(kind: String) throws {
        let folder = try TemporaryFolder()
        let environment = ["XDG_RUNTIME_DIR": folder.path]
        let fixture = try Fixture.completion()
        let found = try fixture.candidates("zsh", line, environment: environment)
        let path = folder.file(try files(in: folder)[0])
        let forged = try String(contentsOfFile: path, encoding: .utf8)
            .replacingOccurrences(of: "digits mlp", with: "digits forged")
        let manager = FileManager.default
        switch kind {
        case "link":
            try manager.removeItem(atPath: path)
            try forged.write(toFile: folder.file("target"), atomically: true, encoding: .utf8)
            try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file("target"))
            try manager.createSymbolicLink(atPath: path, withDestinationPath: folder.file("target"))
        case "readable":
            try forged.write(toFile: path, atomically: false, encoding: .utf8)
            try manager.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        case "folder":
            try manager.removeItem(atPath: path)
            try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
        case "fifo":
            try manager.removeItem(atPath: path)
            #expect(mkfifo(path, 0o600) == 0)
        case "large":
            let more = String(repeating: "x", count: 1 << 20)
            try (forged + more + "\t\n").write(toFile: path, atomically: false, encoding: .utf8)
        default:
            try "\n\n\u{0}\tx".write(toFile: path, atomically: false, encoding: .utf8)
        }
        #expect(try fixture.candidates("zsh", line, environment: environment) == found)
        if kind == "link" {
            // The link was replaced, and its target is untouched.
            #expect(try String(contentsOfFile: folder.file("target"), encoding: .utf8) == forged)
        }
    }

    @Test(arguments: ["", "relative", "/nonexistent/folder"])
    func `Without a folder the server is asked each time`(path: String) throws {
        let fixture = try Fixture.completion()
        let found = try fixture.candidates("zsh", line, environment: ["XDG_RUNTIME_DIR": path])
        #expect(found == ["digits mlp\t3 experiments"])
    }
}
