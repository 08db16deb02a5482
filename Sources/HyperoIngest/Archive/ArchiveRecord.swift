import HyperoSchema

/// A record of an archive file.
///
///     hypero-archive 2 {hypero} 5f0c63b1 - 0 9f1c62272e07bb01
///     S 1764245000000 0-0 0-0 0 36 … …
///     6:former,1:0,5:count,1:0,8:commands,1:0,
///     E 1764245000000 1764246000000-0 - 1 26 … …
///     5:event,5:alive,8:producer,1:p,
///     C 1764245000000 1764246000500-0 1764246000000-0 1 45 … …
///     5:event,6:delete,7:battery,1:b,6:number,1:1,
///     Z 1764245000000 1764246000000-0 - 1 0 … …
///
/// The first line has the hash tag, an id of the file, the id of the file that was written before it in the folder, the size of the
/// complete records of that one, and a checksum. A record is a line of its kind, series, two ids, number, the size of its content, the
/// checksum of its content and a checksum, then the content as netstrings and a line feed. The last checksum of a line is that of the
/// file's id and of the line before it, so that a client cannot log a text that counts as a record after damage.
///
/// The number of an entry counts the entries of its series, so that a missing entry is noticed, also between files. The number in the
/// content of a command counts the commands in the same way, as ``IngestField/commands`` does. The size of the file before makes a file
/// that was cut after a whole record noticed.
struct ArchiveRecord: Sendable, Hashable {
    /// The kind: the first byte of the line.
    enum Kind: UInt8, Sendable {
        /// `S series 0-0 after number`: the following records are of the series. The content names the series before, and the number
        /// of commands that were carried out when the entries up to `after` were applied. `after` may be absent, without the number
        /// of commands.
        case series = 83
        /// `E series id - number`: an entry of the events stream.
        case entry = 69
        /// `C series id after number`: a command of an operator, which was carried out when the entries up to `after` were applied,
        /// the number of which is `number`.
        case command = 67
        /// `G series id - number`: the entries up to an id and a number were applied, of which some are not in the archive.
        case gap = 71
        /// `L series 0-0 after count`: a number of commands after an entry that could not be archived. Only an earlier version wrote it.
        case lostCommands = 76
        /// `Z series id - number`: the end of a file whose process was not killed, with its last entry or gap; `Z 0 0-0 - 0` if it has
        /// none.
        case end = 90
    }

    /// A field of an entry, which need not be UTF-8.
    struct Field: Sendable, Hashable {
        let name: [UInt8]
        let value: [UInt8]
    }

    let kind: Kind
    let series: UInt64
    let id: StreamID
    /// The second id; ``StreamID/zero`` if there is none.
    let after: StreamID
    let number: Int
    /// The fields of the content.
    let fields: [Field]

    /// The start of the first line of a file. The hash tag of the partition follows.
    static let magic = "hypero-archive 2 "
    /// The highest number of bytes of a line.
    static let maxLine = 280
    /// The highest size of a content in bytes. An entry that is larger is no event, and is not archived.
    static let maxContent = 64 << 20

    /// The text of a field; nil if there is none.
    func text(_ name: String) -> String? {
        fields.first { $0.name.elementsEqual(name.utf8) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// The number of a command; nil for other records, and if it is unknown.
    var commandNumber: Int? { kind == .command ? naturalNumber(Self.commandNumber) : nil }

    /// The time of a command in Unix milliseconds; nil for other records, and if it is that of the id.
    var commandTime: Int64? { kind == .command ? text(Self.commandTime).flatMap { Int64($0) } : nil }

    /// The number of commands that were carried out when the entries up to ``after`` were applied; nil if it is unknown.
    var commandCount: Int? { kind == .series ? naturalNumber(Self.commandCount) : nil }

    /// The field of a command with its number, which the command itself does not have.
    static let commandNumber = "number"
    /// The field of a command with its time, if it is not that of the id, because the clock was behind the ids.
    static let commandTime = "time"
    fileprivate static let commandCount = "commands"

    private func naturalNumber(_ field: String) -> Int? {
        text(field).flatMap { Int($0) }.flatMap { (0..<Int.max / 2).contains($0) ? $0 : nil }
    }

    /// The series that a record of this kind names; nil if it is malformed.
    var entrySeries: EntrySeries? {
        guard let former = text("former").flatMap({ UInt64($0) }), let count = text("count").flatMap({ Int($0) })
        else { return nil }
        return EntrySeries(number: series, former: former, formerCount: count)
    }
}

/// The records of one write to an archive file.
struct ArchiveBuffer {
    /// The first words of the lines, with the end of the content of each in ``contents``.
    private var lines: [(text: String, end: Int)] = []
    private var contents: [UInt8] = []

    /// The last entry or gap; nil if there is none.
    private(set) var last: ArchivePosition?

    var isEmpty: Bool { lines.isEmpty }

    /// Returns the bytes of the records in a file.
    ///
    /// - Parameter file: the id of the file.
    func bytes(in file: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(contents.count + lines.count * 128)
        var start = 0
        for line in lines {
            bytes += line.text.utf8
            bytes += Self.checksum(line.text.utf8, in: file).utf8
            bytes.append(UInt8(ascii: "\n"))
            bytes += contents[start..<line.end]
            bytes.append(UInt8(ascii: "\n"))
            start = line.end
        }
        return bytes
    }

    /// Adds the beginning of a series.
    ///
    /// - Parameter mark: the number of commands that were carried out; nil if it is unknown.
    mutating func add(_ series: EntrySeries, commands mark: Archiver.CommandMark? = nil) {
        let position = mark?.position
        add(.series, series.number, id: .zero, after: position?.id, number: position?.count ?? 0) {
            for text in ["former", "\(series.former)", "count", "\(series.formerCount)"] { $0.add(text.utf8) }
            if let mark { for text in [ArchiveRecord.commandCount, "\(mark.count)"] { $0.add(text.utf8) } }
        }
    }

    /// Adds an entry.
    mutating func add(entry position: ArchivePosition, fields: UnsafeBufferPointer<WireField>) {
        last = position
        add(.entry, position.series, id: position.id, after: nil, number: position.count) {
            for field in fields {
                $0.add(field.name)
                $0.add(field.value)
            }
        }
    }

    /// Adds a command of an operator.
    ///
    /// - Parameters:
    ///   - commandNumber: the number of the command; nil if it is unknown.
    ///   - time: the time of the command in Unix milliseconds; nil if it is that of the id, or unknown.
    mutating func add(
        _ command: ControlEvent, id: StreamID, after position: ArchivePosition, number commandNumber: Int? = nil,
        time: Int64? = nil
    ) {
        add(.command, position.series, id: id, after: position.id, number: position.count) {
            for field in command.fields {
                $0.add(field.name.utf8)
                $0.add(field.value.utf8)
            }
            if let commandNumber {
                for text in [ArchiveRecord.commandNumber, "\(commandNumber)"] { $0.add(text.utf8) }
            }
            if let time { for text in [ArchiveRecord.commandTime, "\(time)"] { $0.add(text.utf8) } }
        }
    }

    /// Adds a gap.
    mutating func add(gapThrough position: ArchivePosition) {
        last = position
        add(.gap, position.series, id: position.id, after: nil, number: position.count) { _ in }
    }

    mutating func add(_ other: ArchiveBuffer) {
        let start = contents.count
        contents += other.contents
        lines += other.lines.map { ($0.text, start + $0.end) }
        last = other.last ?? last
    }

    /// Adds the end of a file.
    ///
    /// - Parameter last: the last entry or gap of the file; nil if it has none.
    mutating func addEnd(after last: ArchivePosition?) {
        add(.end, last?.series ?? 0, id: last?.id ?? .zero, after: nil, number: last?.count ?? 0) { _ in }
    }

    private mutating func add(
        _ kind: ArchiveRecord.Kind, _ series: UInt64, id: StreamID, after: StreamID?, number: Int,
        content: (inout ArchiveBuffer) -> Void
    ) {
        let start = contents.count
        content(&self)
        var checksum = FNV1a()
        checksum.add(contents[start...])
        let text =
            "\(Character(UnicodeScalar(kind.rawValue))) \(series) \(id) \(after?.description ?? "-") \(number) "
            + "\(contents.count - start) \(checksum.hexadecimal) "
        lines.append((text, contents.count))
    }

    /// Returns the checksum of a line of a file, without the checksum.
    static func checksum(_ line: some Sequence<UInt8>, in file: String) -> String {
        var checksum = FNV1a()
        checksum.add(file.utf8)
        checksum.add(line)
        return checksum.hexadecimal
    }

    /// Returns the checksum of bytes as text.
    static func checksum(_ bytes: some Sequence<UInt8>) -> String {
        var checksum = FNV1a()
        checksum.add(bytes)
        return checksum.hexadecimal
    }

    private mutating func add(_ text: some Collection<UInt8>) {
        contents += String(text.count).utf8
        contents.append(UInt8(ascii: ":"))
        contents += text
        contents.append(UInt8(ascii: ","))
    }
}
