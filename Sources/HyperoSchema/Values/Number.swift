/// A number of a learning curve or of the maxima, with its text as received.
///
/// Hashes and rankings store the text, so a reader sees exactly what the producer wrote. The text is stored inline, without
/// an allocation, because the ingest holds several hundred thousand numbers. A text of more than ``maxTextSize`` bytes is
/// replaced by the shortest one that reads back to the same double.
package struct Number: Sendable, Hashable {
    package let value: Double
    private let digits: Digits

    /// The maximum size in bytes of a text that is kept as received. The shortest decimal of a double has at most 24 bytes.
    package static var maxTextSize: Int { 31 }

    package var isFinite: Bool { value.isFinite }

    package var text: String { withText { String(decoding: $0, as: UTF8.self) } }

    /// Creates a number whose text is the shortest decimal that reads back to the same double.
    package init(_ value: Double) {
        var text = Self.text(of: value)
        self.init(value, digits: text.withUTF8 { Digits($0) })
    }

    /// Parses a JSON number within the range of a double, or `nan`, `inf` or `-inf`, for which `NaN`, `Infinity` and
    /// `-Infinity` are accepted too.
    package init?(_ bytes: Bytes) {
        guard let value = Self.parse(bytes) else { return nil }
        if value.isFinite, bytes.count <= Self.maxTextSize {
            self.init(value, digits: Digits(bytes))
        } else {
            self.init(value)
        }
    }

    /// Parses a text as ``init(_:)`` parses its bytes.
    package init?(text: String) {
        var text = text
        guard let number = text.withUTF8({ Number($0) }) else { return nil }
        self = number
    }

    private init(_ value: Double, digits: Digits) {
        self.value = value
        self.digits = digits
    }

    /// The number of bytes in the text.
    package var textSize: Int { digits.count }

    /// Calls the body with the bytes of the text.
    package func withText<Result>(_ body: (Bytes) -> Result) -> Result {
        withUnsafeBytes(of: digits) { bytes in
            body(Bytes(rebasing: bytes.bindMemory(to: UInt8.self)[1...Int(bytes[0])]))
        }
    }

    /// Compares the texts, because a text determines the value. Unlike a double, nan equals itself.
    package static func == (left: Self, right: Self) -> Bool { left.digits == right.digits }

    package func hash(into hasher: inout Hasher) { hasher.combine(digits) }

    /// Returns the shortest decimal that reads back to the same double; `nan`, `inf` or `-inf` if the value is not finite.
    package static func text(of value: Double) -> String {
        guard !value.isNaN else { return "nan" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func parse(_ bytes: Bytes) -> Double? {
        switch JSONNumber(bytes) {
        case .exact(let value): return value
        case .decimal:
            guard let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else { return nil }
            return value
        case nil:
            switch String(decoding: bytes.prefix(maxTextSize), as: UTF8.self) {
            case "nan", "NaN": return .nan
            case "inf", "Infinity": return .infinity
            case "-inf", "-Infinity": return -.infinity
            default: return nil
            }
        }
    }
}

extension Number {
    /// 32 bytes: the size of the text, the text, and zeros.
    private struct Digits: Hashable {
        private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        init(_ bytes: Bytes) {
            withUnsafeMutableBytes(of: &words) { words in
                words[0] = UInt8(bytes.count)
                UnsafeMutableRawBufferPointer(rebasing: words[1...]).copyMemory(from: UnsafeRawBufferPointer(bytes))
            }
        }

        var count: Int { withUnsafeBytes(of: words) { Int($0[0]) } }

        static func == (left: Self, right: Self) -> Bool { left.words == right.words }

        func hash(into hasher: inout Hasher) {
            withUnsafeBytes(of: words) { hasher.combine(bytes: $0) }
        }
    }
}
