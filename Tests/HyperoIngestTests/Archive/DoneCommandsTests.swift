import HyperoSchema
import Testing

@testable import HyperoIngest

/// The commands of an archive that a server has carried out before a replay.
@Suite struct DoneCommandsTests {
    /// An element of an archive: an entry, or a command with its number.
    private enum Element {
        case entry(UInt64)
        case command(UInt64, Int?)
    }

    private static let numbered: [Element] = [
        .entry(10), .command(11, 1), .entry(20), .command(21, 2), .entry(30), .command(31, 3), .entry(40),
    ]
    private static let old: [Element] = numbered.map { element in
        if case .command(let id, _) = element { .command(id, nil) } else { element }
    }

    private func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 0) }

    private func count(
        _ elements: [Element], at events: UInt64, control: UInt64, commands: (count: Int, last: UInt64)?
    ) -> Int? {
        let field = commands.map { CommandsField(count: $0.count, last: id($0.last)) }
        var done = DoneCommands(
            Replay.KnownState(events: id(events), control: id(control), lastCommand: .zero, commands: field))
        var isPast = false
        for element in elements {
            switch element {
            case .entry(let number):
                isPast = isPast || number > events
                done.compare(entry: id(number))
            case .command(let number, let position):
                done.compare(id(number), recorded: id(number), number: position, isPast: isPast)
            }
        }
        return done.count
    }

    @Test func `The last command that the server counts decides, and a rebuild after it does not`() {
        for control in [0, 15, 99] as [UInt64] {
            #expect(count(Self.numbered, at: 10, control: control, commands: nil) == 0)
        }
        for control in [21, 25, 99] as [UInt64] {
            #expect(count(Self.numbered, at: 20, control: control, commands: (2, 21)) == 2)
        }
        // It is in a file that is not given.
        #expect(count(Array(Self.numbered.dropFirst(4)), at: 20, control: 21, commands: (2, 21)) == 0)
        #expect(count(Array(Self.numbered.dropFirst(2)), at: 10, control: 11, commands: (1, 11)) == 0)
    }

    @Test func `A command that the archive does not have is the server's own`() {
        // After the last one of the archive, in place of one of it, and after a replay that had some.
        #expect(count(Self.numbered, at: 40, control: 99, commands: (4, 99)) == nil)
        #expect(count(Self.numbered, at: 20, control: 25, commands: (2, 25)) == nil)
        #expect(count(Self.numbered, at: 0, control: 99, commands: (1, 99)) == nil)
        #expect(count([.entry(10)], at: 10, control: 99, commands: (1, 99)) == nil)
    }

    @Test func `Commands without numbers are told by the last one that was carried out`() {
        #expect(count(Self.old, at: 20, control: 21, commands: nil) == 2)
        // A rebuild between them, and one on the server that was restored.
        #expect(count(Self.old, at: 20, control: 25, commands: nil) == 2)
        #expect(count(Self.old, at: 20, control: 99, commands: nil) == nil)
        #expect(count(Self.old, at: 20, control: 0, commands: nil) == 0)
    }
}
