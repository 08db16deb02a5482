/// One epoch of the learning curves: channels in order of first appearance, each with its latest number.
///
/// The text of a row is logfmt, `train=0.91 valid=0.8`, readable for people and programs. A channel whose name contains a
/// space, `=` or `"` is written as a quoted JSON string.
package struct CurveRow: Sendable, Hashable {
    /// The number of one channel.
    package struct Cell: Sendable, Hashable {
        package let channel: String
        package var number: Number

        package init(_ channel: String, _ number: Number) {
            self.channel = channel
            self.number = number
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.number == right.number && left.channel.hasSameBytes(as: right.channel)
        }
    }

    package private(set) var cells: [Cell]

    package init(_ cells: [Cell] = []) {
        self.cells = []
        var indexes: [ExactText: Int] = [:]
        for cell in cells {
            // A row may have a thousand channels, too many for a search per cell.
            guard self.cells.count >= Self.linearLimit else {
                set(cell)
                continue
            }
            if indexes.isEmpty {
                for (index, cell) in self.cells.enumerated() { indexes[ExactText(cell.channel)] = index }
            }
            let index = indexes[ExactText(cell.channel), default: self.cells.count]
            if index < self.cells.count {
                self.cells[index].number = cell.number
            } else {
                indexes[ExactText(cell.channel)] = index
                self.cells.append(cell)
            }
        }
    }

    /// The number of cells up to which a linear search is faster than hashing.
    private static let linearLimit = 12

    /// The number of a channel; nil if the row does not have it.
    package subscript(channel: String) -> Number? {
        cells.first { $0.channel.hasSameBytes(as: channel) }?.number
    }

    /// Adds the cell, or replaces the number of its channel.
    package mutating func set(_ cell: Cell) {
        if let index = cells.firstIndex(where: { $0.channel.hasSameBytes(as: cell.channel) }) {
            cells[index].number = cell.number
        } else {
            cells.append(cell)
        }
    }

    /// The row in logfmt, as stored in Redis.
    package var text: String {
        var text = ""
        for cell in cells {
            if !text.isEmpty { text += " " }
            text += Self.label(of: cell.channel)
            text += cell.number.text
        }
        return text
    }

    /// Returns the text before the number of a channel, for example `train=`.
    package static func label(of channel: String) -> String {
        (needsQuotes(channel) ? JSON.quoted(channel) : channel) + "="
    }

    /// Parses the text of a row; nil if it is not exactly the logfmt that ``text`` writes.
    package init?(text: String) {
        cells = []
        var remaining = text.utf8[...]
        while !remaining.isEmpty {
            guard let channel = Self.parseChannel(from: &remaining), !channel.isEmpty else { return nil }
            let end = remaining.firstIndex(of: UInt8(ascii: " ")) ?? remaining.endIndex
            guard let number = Array(remaining[..<end]).withUnsafeBufferPointer({ Number($0) }) else { return nil }
            cells.append(Cell(channel, number))
            guard end != remaining.endIndex else { return }
            remaining = remaining[remaining.index(after: end)...]
            guard !remaining.isEmpty else { return nil }
        }
    }

    private static func needsQuotes(_ channel: String) -> Bool {
        channel.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") }
    }

    /// Parses `channel=` at the start of the text, removes it, and returns the channel; nil if the text is malformed.
    private static func parseChannel(from text: inout Substring.UTF8View) -> String? {
        var end: Substring.UTF8View.Index?
        if text.first == UInt8(ascii: "\"") {
            var isEscaped = true
            end = text.indices.first { index in
                defer { isEscaped = !isEscaped && text[index] == UInt8(ascii: "\\") }
                return !isEscaped && text[index] == UInt8(ascii: "\"")
            }.map { text.index(after: $0) }
        } else {
            end = text.firstIndex(of: UInt8(ascii: "="))
        }
        guard let end, end != text.endIndex, text[end] == UInt8(ascii: "="), let word = String(text[..<end]) else {
            return nil
        }
        text = text[text.index(after: end)...]
        guard needsQuotes(word) else { return word }
        guard case .string(let channel)? = JSON.parse(word) else { return nil }
        return channel
    }
}
