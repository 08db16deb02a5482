/// One epoch of the learning curves: channels in order of first appearance, each with its latest value.
///
/// In Redis a row is logfmt, `train=0.91 valid=0.8`, which people and machines both read. A channel whose name holds a
/// space, `=` or `"` is written as a quoted JSON string.
package struct CurveRow: Sendable, Hashable {
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
        for cell in cells { set(cell) }
    }

    package subscript(channel: String) -> Number? {
        cells.first { $0.channel.hasSameBytes(as: channel) }?.number
    }

    /// Adds the cell, or replaces the value of its channel.
    package mutating func set(_ cell: Cell) {
        if let index = cells.firstIndex(where: { $0.channel.hasSameBytes(as: cell.channel) }) {
            cells[index].number = cell.number
        } else {
            cells.append(cell)
        }
    }

    /// The row as it stands in Redis.
    package var text: String {
        var text = ""
        for cell in cells {
            if !text.isEmpty { text += " " }
            text += Self.label(of: cell.channel)
            text += cell.number.text
        }
        return text
    }

    /// What stands before the number of a channel: `train=`.
    package static func label(of channel: String) -> String {
        (needsQuotes(channel) ? JSON.quoted(channel) : channel) + "="
    }

    /// Reads what ``text`` wrote; nil when somebody else wrote something else.
    package init?(text: String) {
        cells = []
        var rest = text.utf8[...]
        while !rest.isEmpty {
            guard let channel = Self.takeChannel(from: &rest), !channel.isEmpty else { return nil }
            let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
            guard let number = Array(rest[..<end]).withUnsafeBufferPointer({ Number($0) }) else { return nil }
            cells.append(Cell(channel, number))
            guard end != rest.endIndex else { return }
            rest = rest[rest.index(after: end)...]
            guard !rest.isEmpty else { return nil }
        }
    }

    private static func needsQuotes(_ channel: String) -> Bool {
        channel.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") }
    }

    /// Takes `channel=` off the front.
    private static func takeChannel(from rest: inout Substring.UTF8View) -> String? {
        var end: Substring.UTF8View.Index?
        if rest.first == UInt8(ascii: "\"") {
            var isEscaped = true
            end = rest.indices.first { index in
                defer { isEscaped = !isEscaped && rest[index] == UInt8(ascii: "\\") }
                return !isEscaped && rest[index] == UInt8(ascii: "\"")
            }.map { rest.index(after: $0) }
        } else {
            end = rest.firstIndex(of: UInt8(ascii: "="))
        }
        guard let end, end != rest.endIndex, rest[end] == UInt8(ascii: "="), let word = String(rest[..<end]) else {
            return nil
        }
        rest = rest[rest.index(after: end)...]
        guard needsQuotes(word) else { return word }
        guard case .string(let channel)? = JSON.parse(word) else { return nil }
        return channel
    }
}
