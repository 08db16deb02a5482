import HyperoSchema

/// The rows of an export as text, in chunks of bounded size.
///
/// A row is appended cell by cell to one buffer, so that the memory does not depend on the number of rows. A full buffer goes to
/// the sink.
struct ExportWriter {
    private let format: ExportFormat
    private let style: ExportStyle
    private let columns: [String]
    /// The columns as JSON keys with their colons.
    private let keys: [[UInt8]]
    private var buffer: [UInt8] = []
    private var isFirstCell = true
    private var column = 0

    /// The size of the buffer at which it goes to the sink. A row may exceed it.
    static let chunkSize = 256 << 10

    init(_ columns: [String], format: ExportFormat, style: ExportStyle) {
        self.columns = columns
        self.format = format
        self.style = style
        keys = format == .json ? columns.map { Array((JSON.quoted($0) + ":").utf8) } : []
        buffer.reserveCapacity(Self.chunkSize + (16 << 10))
    }

    /// True if the buffer should go to the sink.
    var isFull: Bool { buffer.count >= Self.chunkSize }

    /// Calls the sink with the buffer, and empties it.
    mutating func flush(to sink: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard !buffer.isEmpty else { return }
        try buffer.withUnsafeBytes { try sink($0) }
        buffer.removeAll(keepingCapacity: buffer.capacity <= 4 * Self.chunkSize)
    }

    /// Writes the row of the names. JSON has none.
    mutating func header() {
        guard format != .json else { return }
        if style.isForSpreadsheet, format != .markdown { buffer += [0xEF, 0xBB, 0xBF] }
        beginRow()
        for column in columns { add(.text(column)) }
        endRow()
        guard format == .markdown else { return }
        buffer += Array("|".utf8)
        for _ in columns { buffer += Array("---|".utf8) }
        buffer.append(UInt8(ascii: "\n"))
    }

    mutating func beginRow() {
        isFirstCell = true
        column = 0
        switch format {
        case .json: buffer.append(UInt8(ascii: "{"))
        case .markdown: buffer.append(UInt8(ascii: "|"))
        case .csv, .tsv: break
        }
    }

    mutating func endRow() {
        if format == .json { buffer.append(UInt8(ascii: "}")) }
        if style.endsWithCRLF, format == .csv || format == .tsv { buffer.append(UInt8(ascii: "\r")) }
        buffer.append(UInt8(ascii: "\n"))
    }

    /// Adds the value of the next column.
    mutating func add(_ cell: ExportCell) {
        switch format {
        case .csv: addSeparated(cell, by: UInt8(ascii: ","))
        case .tsv: addSeparated(cell, by: UInt8(ascii: "\t"))
        case .json: addJSON(cell)
        case .markdown:
            buffer.append(UInt8(ascii: " "))
            let text = escapedText(text(of: cell) ?? style.null)
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "|"), UInt8(ascii: "\\"), UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "`"),
                    UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "~"):
                    buffer.append(UInt8(ascii: "\\"))
                    buffer.append(byte)
                case UInt8(ascii: "<"): buffer += Array("&lt;".utf8)
                case UInt8(ascii: "&"): buffer += Array("&amp;".utf8)
                default: buffer.append(byte)
                }
            }
            buffer += [UInt8(ascii: " "), UInt8(ascii: "|")]
        }
        column += 1
    }

    /// Returns the text of a cell without the quotes of a format; nil for a missing value.
    private func text(of cell: ExportCell) -> String? {
        switch cell {
        case .missing: return nil
        case .text(let text): return shown(text)
        case .stored(let stored): return shown(shownText(rounded(stored)))
        case .number(let text): return rounded(text)
        case .integer(let value): return String(value)
        case .time(let time): return isoText(time)
        }
    }

    private func shown(_ text: String) -> String { style.isEscaped ? escapedText(text) : text }

    private func rounded(_ text: String) -> String {
        guard let precision = style.precision else { return text }
        return roundedText(text, digits: precision)
    }

    private mutating func addSeparated(_ cell: ExportCell, by separator: UInt8) {
        if !isFirstCell { buffer.append(separator) }
        isFirstCell = false
        guard var text = text(of: cell) else {
            append(style.null)
            return
        }
        if style.isForSpreadsheet { text = CSV.withoutFormula(text) }
        // A value that equals the text of missing ones is quoted, so that a reader can tell them apart.
        var needsQuotes = text.hasSameBytes(as: style.null)
        text.withUTF8 { bytes in
            for byte in bytes
            where byte == separator || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
            {
                needsQuotes = true
                break
            }
            guard needsQuotes else {
                buffer.append(contentsOf: bytes)
                return
            }
            buffer.append(UInt8(ascii: "\""))
            for byte in bytes {
                if byte == UInt8(ascii: "\"") { buffer.append(byte) }
                buffer.append(byte)
            }
            buffer.append(UInt8(ascii: "\""))
        }
    }

    private mutating func addJSON(_ cell: ExportCell) {
        if !isFirstCell { buffer.append(UInt8(ascii: ",")) }
        isFirstCell = false
        buffer.append(contentsOf: keys[column])
        switch cell {
        case .missing: append("null")
        case .text(let text): append(shown(JSON.quoted(text)))
        case .stored(let text): append(shown(JSONObject.json(stored: rounded(text))))
        case .number(let text):
            // JSON has no nan and no infinities.
            let isFinite = Number(text: text)?.isFinite ?? false
            append(isFinite ? rounded(text) : JSON.quoted(text))
        case .integer(let value): append(String(value))
        case .time(let time): append(JSON.quoted(isoText(time)))
        }
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { buffer.append(contentsOf: $0) }
    }
}
