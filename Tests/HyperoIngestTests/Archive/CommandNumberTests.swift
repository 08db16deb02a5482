import HyperoSchema
import Testing

@testable import HyperoIngest

/// The numbers of commands, by which an archive and its replay notice that one is missing.
@Suite struct CommandNumberTests {
    private func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 0) }

    @Test func `Commands that are missing between others, or before a number of them, are a hole`() {
        var numbers = CommandNumbers()
        numbers.beginSeries(isKnown: false)
        #expect(numbers.require(0, through: .zero) == nil)
        #expect(numbers.add(1, after: id(5)) == nil && numbers.add(2, after: id(5)) == nil)
        #expect(
            numbers.add(4, after: id(9))?.text
                == "1 command of operators between the entries 5-0 and 9-0 (1970-01-01 00:00:00 to 1970-01-01 00:00:00 UTC) was "
                + "carried out, and the archive lacks it")
        // An ingest began before the last ones were carried out.
        #expect(numbers.require(2, through: id(9)) == nil && numbers.require(4, through: id(9)) == nil)
        #expect(numbers.require(6, through: id(9))?.text.hasPrefix("2 commands of operators between the ") == true)
        #expect(numbers.add(7, after: id(10)) == nil)
        // Another series counts on, or a server that was restored counts again.
        numbers.beginSeries(isKnown: false)
        #expect(numbers.require(7, through: .zero) == nil && numbers.add(8, after: id(1)) == nil)
        numbers.beginSeries(isKnown: false)
        #expect(numbers.require(3, through: .zero) == nil && numbers.add(4, after: id(1)) == nil)
        #expect(numbers.add(6, after: id(1)) != nil)
        numbers.beginSeries(isKnown: false)
        #expect(numbers.require(8, through: .zero) != nil)
    }

    @Test func `Commands that a server had lost and has counted again are a hole`() {
        var numbers = CommandNumbers()
        numbers.beginSeries(isKnown: false)
        for number in 1...3 { #expect(numbers.add(number, after: id(5)) == nil) }
        #expect(
            numbers.add(2, after: id(6))?.text.hasPrefix(
                "the server that was archived had lost the last 2 commands of operators up to the entry 6-0 (") == true)
        #expect(numbers.add(3, after: id(6)) == nil && numbers.add(4, after: id(6)) == nil)
        // Those that the server of a replay has are older.
        numbers.begin(after: 9, at: id(7))
        #expect(numbers.add(8, after: id(6)) == nil && numbers.add(9, after: id(7)) == nil)
        #expect(numbers.add(10, after: id(7)) == nil && numbers.add(10, after: id(7)) != nil)
    }

    @Test func `A command after those of an earlier version at the same entry has its own number`() {
        var field = UnarchivedField("10-0/7/1-0/1")
        for number in 1...2 {
            field.add(
                .init(command: id(10 + UInt64(number)), series: 7, after: id(1), count: 1, number: number))
        }
        let read = UnarchivedField(field.description)
        #expect(read == field && field.runs.count == 2)
        #expect(read.places(of: [10, 11, 12].map(id), count: 2).map(\.number) == [nil, 1, 2])
    }

    @Test func `Places are forgotten from a command on`() {
        var field = UnarchivedField("10-0/7/1-0/1/1 20-0/7/2-0/2/5 30-0/7/3-0/3/9")
        field.forgetPlaces(from: id(25))
        field.forgetPlaces(from: id(28))
        #expect(field.description == "10-0/7/1-0/1/1 20-0/7/2-0/2/5 25-0")
        #expect(field.places(of: [10, 20, 24, 26].map(id), count: 9).map(\.number) == [1, 5, 6])
        field.forgetPlaces(from: id(5))
        #expect(field.description == "5-0" && field.first == id(5))
    }

    @Test func `The places of commands that are not archived are kept, and their numbers also if some were removed`() {
        var field = UnarchivedField()
        for (command, after, number) in [(10, 1, 4), (11, 1, 5), (20, 2, 6), (30, 3, 8), (31, 3, 9)]
            as [(UInt64, UInt64, Int)]
        {
            field.add(.init(command: id(command), series: 7, after: id(after), count: Int(after), number: number))
        }
        #expect(field.description == "10-0/7/1-0/1/4 20-0/7/2-0/2/6 30-0/7/3-0/3/8")
        let read = UnarchivedField(field.description)
        #expect(read == field && read.first == id(10))
        func places(_ commands: [UInt64], count: Int) -> [String] {
            read.places(of: commands.map(id), count: count).map {
                "\($0.command.milliseconds)/\($0.run.after.milliseconds)/\($0.number ?? -1)"
            }
        }
        #expect(
            places([10, 11, 20, 21, 30, 31], count: 9) == ["10/1/4", "11/1/5", "20/2/6", "21/2/7", "30/3/8", "31/3/9"])
        #expect(places([11, 20, 31], count: 9) == ["11/1/5", "20/2/6", "31/3/9"])
        // Of an earlier version.
        #expect(UnarchivedField("10-0/7/1-0/1").places(of: [id(10)], count: 1).first?.number == .some(nil))
    }

    @Test func `Commands after too many places have none`() {
        var field = UnarchivedField()
        for number in 1...UInt64(UnarchivedField.maxRuns + 3) {
            field.add(.init(command: id(number), series: 7, after: id(number), count: 1, number: Int(number)))
        }
        #expect(field.runs.count == UnarchivedField.maxRuns)
        #expect(field.firstUnplaced == id(UInt64(UnarchivedField.maxRuns) + 1))
        let read = UnarchivedField(field.description)
        #expect(read == field)
        let commands = (1...UInt64(UnarchivedField.maxRuns + 3)).map(id)
        #expect(read.places(of: commands, count: 300).count == UnarchivedField.maxRuns)
        #expect(UnarchivedField("").isEmpty && !UnarchivedField("7-0").isEmpty)
    }

    @Test(arguments: [
        ("1 2-0", CommandsField(count: 1, last: StreamID(milliseconds: 2, sequence: 0))), ("-1 2-0", nil), ("x", nil),
        ("1", nil), ("9223372036854775807 1-0", nil),
    ])
    func `The number of commands is read if it can be counted on`(text: String, field: CommandsField?) {
        #expect(CommandsField(text) == field)
    }
}
