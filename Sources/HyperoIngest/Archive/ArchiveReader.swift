import HyperoSchema

/// A failure to read or to write an archive.
package struct ArchiveError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The reader of one archive file.
struct ArchiveReader: ~Copyable {
    /// The hash tag of the partition.
    let tag: String
    private var bytes: FileBytes
    /// True once a record at the end was found to be incomplete. The process that wrote it was killed, and its successor has
    /// written the record again, in the next file.
    private(set) var isTorn = false

    /// Returns whether a file has only a part of its first line, or none of it: its process was killed when it began the file, or
    /// the computer lost power.
    static func isUnbegun(_ path: String) throws(ArchiveError) -> Bool {
        var bytes = try FileBytes(path)
        guard try !bytes.fill(ArchiveRecord.maxLine) else { return false }
        let (content, magic) = (bytes.available, Array(ArchiveRecord.magic.utf8))
        guard !content.contains(UInt8(ascii: "\n")) else { return false }
        return content.allSatisfy { $0 == 0 } || zip(content, magic).allSatisfy { $0 == $1 }
    }

    /// Opens a file and reads its first line.
    ///
    /// - Throws: ``ArchiveError`` if the file cannot be read, or is no archive.
    init(_ path: String) throws(ArchiveError) {
        var bytes = try FileBytes(path)
        let foreign = ArchiveError(
            "cannot read \(printable(path)): it is not an archive that this version of hypero reads")
        guard let size = try bytes.lineSize(atMost: ArchiveRecord.maxLine, orThrow: foreign),
            let tag = String(decoding: bytes.available.prefix(size - 1), as: UTF8.self)
                .dropping(prefix: ArchiveRecord.magic), Keyspace.namespace(ofTag: tag) != nil
        else { throw foreign }
        bytes.advance(size)
        self.tag = tag
        self.bytes = bytes
    }

    var path: String { bytes.path }

    /// Reads the next record.
    ///
    /// - Returns: nil at the end of the file, also before a torn record.
    /// - Throws: ``ArchiveError`` if the record is damaged, or if the file cannot be read.
    mutating func next() throws(ArchiveError) -> ArchiveRecord? {
        do {
            return try nextWhole()
        } catch {
            // After a loss of power, file systems fill with zeros what was not made durable, and each record ends with a line feed.
            guard bytes.endsWithZero else { throw error }
            return torn()
        }
    }

    private mutating func nextWhole() throws(ArchiveError) -> ArchiveRecord? {
        guard !isTorn, try bytes.fill(1) else { return nil }
        let damaged = ArchiveError(
            "damaged archive: the record at byte \(bytes.position) of \(printable(bytes.path)) is not the one that was written"
        )
        guard let lineSize = try bytes.lineSize(atMost: ArchiveRecord.maxLine, orThrow: damaged) else { return torn() }
        let line = bytes.available.prefix(lineSize - 1)
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 5, words[0].utf8.count == 1, let letter = words[0].utf8.first,
            let kind = ArchiveRecord.Kind(rawValue: letter), let id = StreamID(words[1]),
            let after = words[2] == "-" ? .zero : StreamID(words[2]), let size = Int(words[3]),
            (0...ArchiveRecord.maxContent).contains(size)
        else { throw damaged }
        guard try bytes.fill(lineSize + size + 1) else { return torn() }
        let record = bytes.available.prefix(lineSize + size + 1)
        let content = record.dropFirst(lineSize).dropLast()
        var checksum = FNV1a()
        checksum.add(record.prefix(lineSize - 1 - words[4].utf8.count))
        checksum.add(content)
        guard record.last == UInt8(ascii: "\n"), checksum.hexadecimal == words[4], let fields = Self.fields(content)
        else { throw damaged }
        bytes.advance(record.count)
        return ArchiveRecord(kind: kind, id: id, after: after, fields: fields)
    }

    private mutating func torn() -> ArchiveRecord? {
        isTorn = true
        return nil
    }

    /// Parses netstrings, alternating names and values; nil if they are malformed.
    private static func fields(_ content: ArraySlice<UInt8>) -> [ArchiveRecord.Field]? {
        var texts: [[UInt8]] = []
        var rest = content
        while !rest.isEmpty {
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
                let size = Int(String(decoding: rest[..<colon], as: UTF8.self)), size >= 0,
                size < rest.endIndex - colon - 1, rest[colon + 1 + size] == UInt8(ascii: ",")
            else { return nil }
            texts.append(Array(rest[(colon + 1)..<(colon + 1 + size)]))
            rest = rest[(colon + 2 + size)...]
        }
        guard texts.count % 2 == 0 else { return nil }
        return stride(from: 0, to: texts.count, by: 2).map {
            ArchiveRecord.Field(name: texts[$0], value: texts[$0 + 1])
        }
    }
}
