import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Batteries of one name and version that differ in their descriptions.
@Suite struct SeveralDescriptionsTests {
    private let fixture: Fixture
    private let ids: [String]

    init() throws {
        fixture = try Fixture()
        let first = fixture.battery("net", description: "first")
        let second = fixture.battery("net", description: "other description")
        fixture.experiment("a-1", of: first, maxima: ["valid": "0.5"])
        fixture.experiment("b-1", of: second, maxima: ["valid": "0.6"])
        try fixture.commit()
        ids = [first.text, second.text]
    }

    @Test(arguments: ["rank", "experiments"], [[], ["--version", "1"]])
    func `The header counts the batteries, a column tells them apart, and a note says how to choose`(
        command: String, options: [String]
    ) throws {
        let table = try fixture.output([command, "net"] + options)
        #expect(table.hasPrefix("net, version 1 (2 batteries): "))
        let lines = table.split(separator: "\n")
        #expect(lines.contains { $0.contains("a-1") && $0.contains(ids[0]) })
        #expect(lines.contains { $0.contains("b-1") && $0.contains(ids[1]) })
        let note = try #require(lines.last)
        #expect(note.hasPrefix("2 batteries of the name 'net' differ only in their descriptions: "))
        #expect(
            note.contains("\(ids[0]) (version 1, first)") && note.contains("\(ids[1]) (version 1, other description)"))
        let choice = try #require(note.firstMatch(of: /for example hypero-query (.*)$/)?.1)
        let chosen = try fixture.output(choice.split(separator: " ").map(String.init))
        #expect(chosen.hasPrefix("net, version 1: ") && !chosen.contains("batteries of the name"))
    }

    @Test(arguments: ["rank", "experiments"], ["json", "csv"])
    func `JSON and CSV have the id of each battery, and standard error the note`(command: String, format: String) throws
    {
        let outcome = try fixture.query(command, "net", "--version", "1", "--format", format)
        let lines = outcome.stdout.split(whereSeparator: \.isNewline)
        #expect(lines.contains { $0.contains("a-1") && $0.contains(ids[0]) })
        #expect(lines.contains { $0.contains("b-1") && $0.contains(ids[1]) })
        #expect(outcome.stderr.hasPrefix("hypero-query: note: 2 batteries of the name 'net'"))
    }
}
