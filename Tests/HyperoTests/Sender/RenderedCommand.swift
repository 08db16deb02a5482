import HyperoRedis
import HyperoSchema
import TestSupport

@testable import Hypero

extension Client {
    /// What the sender would write for every record of a journal that has not filled its first segment.
    func rendered() throws -> [StreamEntry] {
        let renderer = RecordRenderer(stream: "s", journal.identity)
        var writer = RESPWriter()
        var entries: [StreamEntry] = []
        var failure: (any Error)?
        // Not by the journal's own reading, which is the sender's.
        let published = journal.withLock {
            Journal.Published(
                fullSegments: [], current: journal.currentPiece, accepted: journal.state.pointee.nextSeq - 1)
        }
        JournalFixture.forEachRecord(published) { record in
            writer.removeAll()
            renderer.render(record, into: &writer)
            do { entries.append(try Self.entry(of: Array(writer.bytes))) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return entries
    }

    private static func entry(of command: [UInt8]) throws -> StreamEntry {
        var arguments = try arguments(of: command)
        guard arguments.count % 2 == 1, arguments.prefix(3).map(String.init(decoding:)) == ["XADD", "s", "*"] else {
            throw TestFailure("not an XADD: \(String(decoding: command))")
        }
        arguments.removeFirst(3)
        // One buffer for all, so that the fields' bytes stay where they are.
        let bytes = arguments.flatMap(\.self)
        return try bytes.withUnsafeBufferPointer { bytes in
            var position = 0
            let parts = arguments.map { argument in
                defer { position += argument.count }
                return Bytes(rebasing: bytes[position..<position + argument.count])
            }
            let fields = stride(from: 0, to: parts.count, by: 2).map {
                WireField(name: parts[$0], value: parts[$0 + 1])
            }
            let event = try fields.withUnsafeBufferPointer { try Event(decoding: $0) }
            return StreamEntry(
                fields: stride(from: 0, to: arguments.count, by: 2).map {
                    [String(decoding: arguments[$0]), String(decoding: arguments[$0 + 1])]
                }, event: event)
        }
    }

    /// Reads `*<n>` and n times `$<length>` with the bytes; nothing may be left.
    private static func arguments(of command: [UInt8]) throws -> [[UInt8]] {
        var rest = command[...]
        func number(_ mark: Character) throws -> Int {
            guard let end = rest.firstIndex(of: 13), end + 1 < rest.endIndex, rest[end + 1] == 10,
                rest.first == mark.asciiValue, let number = Int(String(decoding: rest[rest.startIndex + 1..<end]))
            else { throw TestFailure("not the protocol: \(String(decoding: command))") }
            rest = rest[(end + 2)...]
            return number
        }
        var arguments: [[UInt8]] = []
        for _ in 0..<(try number("*")) {
            let length = try number("$")
            guard rest.count >= length + 2 else { throw TestFailure("too short") }
            arguments.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length + 2)
        }
        guard rest.isEmpty else { throw TestFailure("more than it says") }
        return arguments
    }
}

extension String {
    fileprivate init(decoding bytes: some Collection<UInt8>) {
        self.init(decoding: bytes, as: UTF8.self)
    }
}
