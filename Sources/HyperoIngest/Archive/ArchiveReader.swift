import HyperoSchema

/// A failure to read or to write an archive.
package struct ArchiveError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// True if a record is damaged, which a replay can pass over.
    package let isDamage: Bool

    init(_ description: String, isDamage: Bool = false) {
        self.description = description
        self.isDamage = isDamage
    }
}

/// The first line of an archive file.
struct ArchiveHeader: Sendable, Hashable {
    /// The hash tag of the partition.
    let tag: String
    /// The random id of the file.
    let file: String
    /// The file that was written before in the folder; nil for none.
    let former: String?
    /// The size in bytes of the complete records of that file, with its first line.
    let formerSize: Int

    var line: String {
        let text = "\(ArchiveRecord.magic)\(tag) \(file) \(former ?? "-") \(formerSize) "
        return "\(text)\(ArchiveBuffer.checksum(text.utf8))\n"
    }

    init(tag: String, file: String, former: String?, formerSize: Int) {
        self.tag = tag
        self.file = file
        self.former = former
        self.formerSize = formerSize
    }

    /// Parses a line without its line feed.
    fileprivate init?(_ line: some Collection<UInt8>) {
        let text = String(decoding: line, as: UTF8.self)
        let words = text.dropping(prefix: ArchiveRecord.magic)?.split(separator: " ").map { String($0) } ?? []
        guard words.count == 5, Keyspace.namespace(ofTag: words[0]) != nil, let size = Int(words[3]), size >= 0,
            ArchiveBuffer.checksum(line.dropLast(words[4].utf8.count)) == words[4]
        else { return nil }
        self.init(tag: words[0], file: words[1], former: words[2] == "-" ? nil : words[2], formerSize: size)
    }
}

/// The reader of one archive file.
struct ArchiveReader: ~Copyable {
    let header: ArchiveHeader
    private var bytes: FileBytes
    /// True once a record at the end was found to be incomplete: its process was killed, the computer lost power, or the file
    /// was cut.
    private(set) var isTorn = false
    /// The bytes that were passed over, because the records there are damaged.
    private(set) var damages: [Range<Int>] = []
    /// True to pass over damaged records.
    private let skipsDamage: Bool
    /// True once the record at the end of a file was read, whose process was not killed.
    private(set) var isEnded = false
    /// The position of the record that was read last.
    private(set) var recordPosition = 0

    /// Returns whether a file has only a part of its first line, or none of it: its process was killed when it began the file, or
    /// the computer lost power.
    static func isUnbegun(_ path: String, followsLinks: Bool = true) throws(ArchiveError) -> Bool {
        var bytes = try FileBytes(path, followsLinks: followsLinks)
        guard try !bytes.fill(ArchiveRecord.maxLine) else { return false }
        let (content, magic) = (bytes.available, Array(ArchiveRecord.magic.utf8))
        guard !content.contains(UInt8(ascii: "\n")) else { return false }
        return zip(content, magic).allSatisfy { $0 == $1 }
    }

    /// Reads the first line of a file that is no link.
    static func header(of path: String) throws(ArchiveError) -> ArchiveHeader {
        try ArchiveReader(path, followsLinks: false).header
    }

    /// Opens a file and reads its first line.
    ///
    /// - Parameters:
    ///   - followsLinks: false to refuse a symbolic link.
    ///   - skipsDamage: true to pass over damaged records, and to list them in ``damages``.
    ///   - start: the position of the first record to read; 0 for that after the first line.
    /// - Throws: ``ArchiveError`` if the file cannot be read, or is no archive.
    init(
        _ path: String, followsLinks: Bool = true, skipsDamage: Bool = false, from start: Int = 0
    ) throws(ArchiveError) {
        var bytes = try FileBytes(path, followsLinks: followsLinks)
        _ = try bytes.fill(1 << 3)
        let tool = Self.compressions.first { bytes.available.starts(with: $0.magic) }?.tool
        let foreign = ArchiveError(
            "cannot read \(printable(path)): "
                + (tool.map { "it is compressed. Decompress it first: \($0)" }
                    ?? "it is not an archive that this version of hypero reads"))
        guard case .size(let size) = try bytes.lineSize(atMost: ArchiveRecord.maxLine),
            let header = ArchiveHeader(bytes.available.prefix(size - 1))
        else { throw foreign }
        bytes.advance(size)
        if start > size { try bytes.seek(to: start) }
        self.header = header
        self.bytes = bytes
        self.skipsDamage = skipsDamage
    }

    /// The first bytes of compressed files, with the tools that decompress them.
    private static let compressions: [(magic: [UInt8], tool: String)] = [
        ([0x1f, 0x8b], "gzip -d"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz -d"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd -d"),
        ([0x42, 0x5a, 0x68], "bzip2 -d"), ([0x04, 0x22, 0x4d, 0x18], "lz4 -d"),
    ]

    var path: String { bytes.path }

    /// The number of bytes of the first line and of the records that were read.
    var position: Int { bytes.position }

    /// Reads the next record.
    ///
    /// - Returns: nil at the end of the file, also before a torn record.
    /// - Throws: ``ArchiveError`` if the record is damaged and must not be passed over, or if the file cannot be read.
    mutating func next() throws(ArchiveError) -> ArchiveRecord? {
        while !isTorn, try bytes.fill(1) {
            switch try parse() {
            case .record(let record, let size):
                recordPosition = bytes.position
                bytes.advance(size)
                isEnded = record.kind == .end
                return record
            case .torn: isTorn = true
            case .damaged(let size):
                guard skipsDamage else {
                    throw ArchiveError(
                        "damaged archive: the record at byte \(bytes.position) of \(printable(bytes.path)) is not the one that was "
                            + "written", isDamage: true)
                }
                try skipDamage(size)
            }
        }
        isTorn = isTorn || bytes.hasZeroTail && !isEnded
        return nil
    }

    private enum Parsed {
        case record(ArchiveRecord, size: Int)
        /// The file ends within the record.
        case torn
        /// The size is known if only the content is damaged.
        case damaged(size: Int?)
    }

    /// Parses the record at the position.
    private mutating func parse() throws(ArchiveError) -> Parsed {
        // A file may not have been read to its end by another process when this one has written.
        guard !isEnded else { return .damaged(size: nil) }
        let lineSize: Int
        switch try bytes.lineSize(atMost: ArchiveRecord.maxLine) {
        case .size(let size): lineSize = size
        case .tooLong: return .damaged(size: nil)
        case .unended: return .torn
        }
        let line = bytes.available.prefix(lineSize - 1)
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 8,
            ArchiveBuffer.checksum(line.dropLast(words[7].utf8.count), in: header.file) == words[7],
            words[0].utf8.count == 1, let letter = words[0].utf8.first, let kind = ArchiveRecord.Kind(rawValue: letter),
            let series = UInt64(words[1]), let id = StreamID(words[2]),
            let after = words[3] == "-" ? .zero : StreamID(words[3]), let number = Int(words[4]),
            let size = Int(words[5]), (0...ArchiveRecord.maxContent).contains(size)
        else { return .damaged(size: nil) }
        let whole = lineSize + size + 1
        guard try bytes.fill(whole) else { return .torn }
        let record = bytes.available.prefix(whole)
        let content = record.dropFirst(lineSize).dropLast()
        guard record.last == UInt8(ascii: "\n"), ArchiveBuffer.checksum(content) == words[6],
            let fields = Self.fields(content)
        else { return .damaged(size: whole) }
        return .record(
            ArchiveRecord(kind: kind, series: series, id: id, after: after, number: number, fields: fields), size: whole
        )
    }

    /// Moves to the next record, or to the end of the file.
    ///
    /// - Parameter size: the size of the damaged record, if its line is whole. Bytes may be missing in its content all the same.
    private mutating func skipDamage(_ size: Int?) throws(ArchiveError) {
        let start = bytes.position
        defer { damages.append(start..<bytes.position) }
        if let size, try bytes.fill(size + 2) {
            let next = bytes.available.dropFirst(size).prefix(2)
            if next.first.flatMap({ ArchiveRecord.Kind(rawValue: $0) }) != nil, next.last == UInt8(ascii: " ") {
                return bytes.advance(size)
            }
        }
        while try bytes.skipLine() {
            guard try bytes.fill(1) else { return }
            if case .record = try parse() { return }
        }
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
