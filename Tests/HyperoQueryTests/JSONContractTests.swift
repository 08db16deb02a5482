import Foundation
import HyperoSchema
import TestSupport
import Testing

/// Compares the JSON of each command with the article that documents it.
@Suite struct JSONContractTests {
    /// Returns the keys that the article lists in the table under a heading.
    private static func keys(of heading: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let article = try String(
            contentsOf: root.appendingPathComponent("Sources/HyperoQuery/HyperoQuery.docc/JSONOutput.md"),
            encoding: .utf8)
        let section = try #require(article.components(separatedBy: "\n### \(heading)\n").dropFirst().first)
            .components(separatedBy: "\n### ")[0]
        return section.split(separator: "\n").compactMap { line in
            line.hasPrefix("| `") ? line.split(separator: "`").dropFirst().first.map(String.init) : nil
        }
    }

    /// Returns the keys of an object on one line, in order.
    private static func keys(ofObject line: Substring) throws -> [String] {
        let names = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)"
        ).keys
        // A key of the object itself follows the start or a comma outside of other objects and arrays.
        var keys: [String] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        var text = ""
        for character in line.unicodeScalars {
            if isInString {
                if !isEscaped, character == "\"" {
                    isInString = false
                } else {
                    text.unicodeScalars.append(character)
                }
                isEscaped = !isEscaped && character == "\\"
                continue
            }
            switch character {
            case "\"": (isInString, text) = (true, "")
            case "{", "[": depth += 1
            case "}", "]": depth -= 1
            case ":" where depth == 1: keys.append(text)
            default: break
            }
        }
        try #require(Set(keys) == Set(names))
        return keys
    }

    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...30 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "0.\(number)", "loss": "nan"],
                params: ["lr": "0.0\(number)", "opt": number % 2 == 0 ? "sgd" : "adam"], meta: ["dataset": "digits"],
                more: ["seed": "13757245211066428519"], curve: [1: "valid=0.5 loss=nan", 2: "valid=0.75"])
        }
        fixture.search("s0000000a", of: battery, trials: 12, sampled: 12)
        fixture.write(
            "XADD", fixture.keyspaces[0].dead, "*", "event", "unknown", "dead.reason", "unknown event", "dead.id", "1-1"
        )
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        ("batteries", ["batteries"]), ("rank", ["rank", "net"]), ("rank --group", ["rank", "net", "--group", "opt"]),
        ("experiments", ["experiments", "net"]), ("show", ["show", "a-1"]), ("curves", ["curves", "a-1", "a-2"]),
        ("curves", ["export", "net", "--curves"]), ("compare", ["compare", "a-1", "a-2"]),
        ("columns", ["columns", "net"]),
        ("importance", ["importance", "net"]), ("search", ["search", "net"]), ("explain", ["explain", "s0000000a-12"]),
        ("status", ["status"]), ("dead", ["dead"]),
    ])
    func `Each line of JSON has the documented keys, in order`(heading: String, arguments: [String]) throws {
        let lines = try fixture().output(arguments + ["--format", "json"]).split(separator: "\n")
        #expect(!lines.isEmpty)
        let documented = try Self.keys(of: heading)
        for line in lines { #expect(try Self.keys(ofObject: line) == documented) }
    }

    @Test func `A line of a verification has the documented keys`() throws {
        let outcome = try fixture().query("verify", "net", "--format", "json")
        let line = try #require(outcome.stdout.split(separator: "\n").first, "\(outcome)")
        #expect(try Self.keys(ofObject: line) == Self.keys(of: "verify"))
    }

    @Test func `A line of versions has the keys of batteries, and its own`() throws {
        let line = try #require(
            try fixture().output(["versions", "net", "--format", "json"]).split(separator: "\n").first)
        #expect(try Self.keys(ofObject: line) == Self.keys(of: "batteries") + ["conflict"])
    }

    @Test(arguments: [
        ([], "max.valid max.loss param.lr param.opt meta.dataset"),
        (["--params", "o*", "--maxima", "valid", "--metas", ""], "max.valid param.opt"),
    ])
    func `A line of an export has the documented keys, and then the columns`(options: [String], columns: String) throws
    {
        let line = try #require(
            try fixture().output(["export", "net", "--format", "json"] + options).split(separator: "\n").first)
        let own =
            "experiment battery name version status reason host seed attempt started last_seen epochs epoch source"
        #expect(try Self.keys(ofObject: line) == (own + " " + columns).split(separator: " ").map(String.init))
        #expect(line.contains("\"seed\":\"13757245211066428519\""))
    }
}
