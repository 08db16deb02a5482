import HyperoSchema

/// A record of an archive file.
///
///     hypero-archive 1 {hypero}
///     E 1764246000000-0 - 26 9f1c62272e07bb01
///     5:event,5:alive,8:producer,1:p,
///     C 1764246000500-0 1764246000000-0 32 6c62272e07bb0142
///     5:event,6:delete,7:battery,1:b,
///
/// A record is a line of its kind, two ids, the size of its content in bytes and the checksum of all that, then the content as
/// netstrings and a line feed.
struct ArchiveRecord: Sendable, Hashable {
    /// The kind: the first byte of the line.
    enum Kind: UInt8, Sendable {
        /// `E id -`: an entry of the events stream.
        case entry = 69
        /// `C id after`: a command of an operator, which was carried out when the entries up to `after` were applied.
        case command = 67
        /// `G through after`: the entries after one id up to another were removed before they were archived.
        case gap = 71
    }

    /// A field of an entry, which need not be UTF-8.
    struct Field: Sendable, Hashable {
        let name: [UInt8]
        let value: [UInt8]
    }

    let kind: Kind
    let id: StreamID
    /// The second id; ``StreamID/zero`` of an entry.
    let after: StreamID
    /// The fields; none of a gap.
    let fields: [Field]

    /// The start of the first line of a file. The hash tag of the partition follows.
    static let magic = "hypero-archive 1 "
    /// The highest number of bytes of a line.
    static let maxLine = 160
    /// The highest size of a content in bytes. An entry that is larger is no event, and is not archived.
    static let maxContent = 64 << 20
}

/// The records of one write to an archive file.
struct ArchiveBuffer {
    private(set) var bytes: [UInt8] = []

    var isEmpty: Bool { bytes.isEmpty }

    /// Adds an entry.
    mutating func add(entry id: StreamID, fields: UnsafeBufferPointer<WireField>) {
        add(.entry, id: id, after: nil) {
            for field in fields {
                $0.add(field.name)
                $0.add(field.value)
            }
        }
    }

    /// Adds a command of an operator.
    mutating func add(_ command: ControlEvent, id: StreamID, after: StreamID) {
        add(.command, id: id, after: after) {
            for field in command.fields {
                $0.add(field.name.utf8)
                $0.add(field.value.utf8)
            }
        }
    }

    /// Adds a gap.
    mutating func add(gapAfter after: StreamID, through id: StreamID) {
        add(.gap, id: id, after: after) { _ in }
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: bytes.capacity < 16 << 20) }

    private mutating func add(
        _ kind: ArchiveRecord.Kind, id: StreamID, after: StreamID?, content: (inout ArchiveBuffer) -> Void
    ) {
        // The line precedes the content, and has its size.
        var part = ArchiveBuffer()
        content(&part)
        let line = "\(Character(UnicodeScalar(kind.rawValue))) \(id) \(after?.description ?? "-") \(part.bytes.count) "
        var checksum = FNV1a()
        checksum.add(line.utf8)
        checksum.add(part.bytes)
        bytes += line.utf8
        bytes += checksum.hexadecimal.utf8
        bytes.append(UInt8(ascii: "\n"))
        bytes += part.bytes
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func add(_ text: some Collection<UInt8>) {
        bytes += String(text.count).utf8
        bytes.append(UInt8(ascii: ":"))
        bytes += text
        bytes.append(UInt8(ascii: ","))
    }
}
