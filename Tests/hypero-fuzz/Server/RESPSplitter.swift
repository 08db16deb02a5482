/// A splitter of a stream of RESP bytes into whole commands or replies, however the stream is cut into pieces.
struct RESPSplitter {
    private var buffer: [UInt8] = []
    /// The offset of the first byte that is not part of a whole element.
    private var position = 0

    /// True after bytes that are no RESP.
    private(set) var isInvalid = false

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer += bytes
    }

    /// Returns the bytes of the next command or reply; nil if it has not arrived whole.
    mutating func next() -> ArraySlice<UInt8>? {
        guard !isInvalid, let end = end(from: position) else { return nil }
        defer { position = end }
        return buffer[position..<end]
    }

    /// Returns the offset after the element at an offset.
    private mutating func end(from start: Int) -> Int? {
        var remaining = 1
        var offset = start
        while remaining > 0 {
            guard let newline = buffer[offset...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let line = buffer[offset..<newline]
            guard let type = line.first else {
                isInvalid = true
                return nil
            }
            offset = newline + 1
            remaining -= 1
            let number = Int(String(decoding: line.dropFirst().dropLast(), as: UTF8.self))
            switch type {
            case UInt8(ascii: "*"): remaining += max(number ?? 0, 0)
            case UInt8(ascii: "$"):
                guard let number else {
                    isInvalid = true
                    return nil
                }
                if number >= 0 { offset += number + 2 }
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"): break
            default:
                isInvalid = true
                return nil
            }
            guard offset <= buffer.count else { return nil }
        }
        return offset
    }

    /// Returns the arguments of a whole command.
    static func arguments(of command: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var arguments: [ArraySlice<UInt8>] = []
        var rest = command
        // The first line has the number of arguments.
        guard let first = rest.firstIndex(of: UInt8(ascii: "\n")) else { return [] }
        rest = rest[(first + 1)...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let length =
                Int(String(decoding: rest[rest.startIndex..<newline].dropFirst().dropLast(), as: UTF8.self)) ?? 0
            guard newline + 1 + length <= rest.endIndex else { break }
            arguments.append(rest[newline + 1..<newline + 1 + length])
            rest = rest[min(newline + 3 + length, rest.endIndex)...]
        }
        return arguments
    }
}
