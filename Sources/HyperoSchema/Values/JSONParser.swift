/// A parser of one JSON document.
struct JSONParser {
    let bytes: Bytes
    private var position = 0

    /// The maximum nesting. Limits the recursion, because the stack of the host process may be small.
    private static let maxDepth = 64

    init(bytes: Bytes) {
        self.bytes = bytes
    }

    /// Parses all bytes; nil if they are not valid JSON.
    mutating func document() -> Value? {
        guard let value = value(depth: 0) else { return nil }
        skipSpace()
        return position == bytes.count ? value : nil
    }

    private mutating func value(depth: Int) -> Value? {
        guard depth <= Self.maxDepth else { return nil }
        skipSpace()
        switch peek {
        case UInt8(ascii: "n"): return skip("null") ? .null : nil
        case UInt8(ascii: "t"): return skip("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return skip("false") ? .bool(false) : nil
        case UInt8(ascii: "\""): return string().map(Value.string)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "{"): return object(depth: depth)
        default: return number()
        }
    }

    private mutating func array(depth: Int) -> Value? {
        position += 1
        var values: [Value] = []
        skipSpace()
        if skip("]") { return .array(values) }
        while true {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
            skipSpace()
            if skip("]") { return .array(values) }
            guard skip(",") else { return nil }
        }
    }

    private mutating func object(depth: Int) -> Value? {
        position += 1
        var members: [Value.Member] = []
        skipSpace()
        if skip("}") { return .object(members) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\""), let name = string() else { return nil }
            skipSpace()
            guard skip(":"), let value = value(depth: depth + 1) else { return nil }
            members.append(Value.Member(name, value))
            skipSpace()
            if skip("}") { return .object(members) }
            guard skip(",") else { return nil }
        }
    }

    private mutating func number() -> Value? {
        let start = position
        while let byte = peek, isPartOfNumber(byte) { position += 1 }
        let digits = Bytes(rebasing: bytes[start..<position])
        guard let kind = JSONNumber(digits) else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        if text != "-0", digits.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) {
            return Int(text).map { .integer($0) } ?? .largeInteger(text)
        }
        switch kind {
        case .exact(let value): return .number(value)
        case .decimal: return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        }
    }

    private mutating func string() -> String? {
        position += 1
        var result: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: result, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                result.append(contentsOf: String(scalar).utf8)
            case 0..<0x20: return nil
            default: result.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = peek else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = hexadecimal() else { return nil }
            guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
            guard skip("\\u"), let low = hexadecimal(), (0xDC00..<0xE000).contains(low) else { return nil }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        default: return nil
        }
    }

    private mutating func hexadecimal() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var unit: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Skips a word if it is next.
    private mutating func skip(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        let expected = Bytes(start: word.utf8Start, count: length)
        guard bytes[position..<position + length].elementsEqual(expected) else { return false }
        position += length
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func isPartOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
