import HyperoRedis
import HyperoSchema
import TestSupport

@testable import Hypero

extension Client {
    /// Returns the entries that the sender would write for the records of the journal's first segment.
    func renderedEntries() throws -> [DecodedEntry] {
        let renderer = RecordRenderer(stream: "s", journal.identity)
        var writer = RESPWriter()
        var entries: [DecodedEntry] = []
        var failure: (any Error)?
        // Does not call `Journal.published`, because only the sender thread may call it.
        let published = journal.withLock {
            Journal.Published(
                fullSegments: [], current: journal.currentPiece, accepted: journal.counts.accepted)
        }
        JournalFixture.forEachRecord(in: published) { record in
            writer.removeAll()
            renderer.render(record, into: &writer)
            do { entries.append(try Self.entry(of: Array(writer.bytes))) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return entries
    }

    private static func entry(of command: [UInt8]) throws -> DecodedEntry {
        var arguments = try arguments(of: command)
        guard arguments.count % 2 == 1, arguments.prefix(3).map(String.init(decoding:)) == ["XADD", "s", "*"] else {
            throw TestFailure("not an XADD: \(String(decoding: command))")
        }
        arguments.removeFirst(3)
        // All fields share one buffer, so that the pointers to their bytes stay valid.
        let bytes = arguments.flatMap(\.self)
        return try bytes.withUnsafeBufferPointer { bytes in
            var offset = 0
            let parts = arguments.map { argument in
                defer { offset += argument.count }
                return Bytes(rebasing: bytes[offset..<offset + argument.count])
            }
            let fields = stride(from: 0, to: parts.count, by: 2).map {
                WireField(name: parts[$0], value: parts[$0 + 1])
            }
            let event = try fields.withUnsafeBufferPointer { try Event(decoding: $0) }
            return DecodedEntry(
                fields: stride(from: 0, to: arguments.count, by: 2).map {
                    [String(decoding: arguments[$0]), String(decoding: arguments[$0 + 1])]
                }, event: event)
        }
    }

    /// Parses a RESP array of bulk strings, which must end at the end of the bytes.
    private static func arguments(of command: [UInt8]) throws -> [[UInt8]] {
        var remaining = command[...]
        func number(after prefix: Character) throws -> Int {
            guard let end = remaining.firstIndex(of: 13), end + 1 < remaining.endIndex, remaining[end + 1] == 10,
                remaining.first == prefix.asciiValue,
                let number = Int(String(decoding: remaining[remaining.startIndex + 1..<end]))
            else { throw TestFailure("not a RESP array: \(String(decoding: command))") }
            remaining = remaining[(end + 2)...]
            return number
        }
        var arguments: [[UInt8]] = []
        for _ in 0..<(try number(after: "*")) {
            let length = try number(after: "$")
            guard remaining.count >= length + 2 else {
                throw TestFailure("truncated command: \(String(decoding: command))")
            }
            arguments.append(Array(remaining.prefix(length)))
            remaining = remaining.dropFirst(length + 2)
        }
        guard remaining.isEmpty else { throw TestFailure("bytes after the command: \(String(decoding: command))") }
        return arguments
    }
}

extension String {
    fileprivate init(decoding bytes: some Collection<UInt8>) {
        self.init(decoding: bytes, as: UTF8.self)
    }
}
