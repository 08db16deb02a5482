/// A number of a curve or of the maxima, with the text it came as.
///
/// The text is what hashes and rankings hold, so that what a producer wrote is what a reader sees. It lies in the number
/// itself, since the ingest holds some hundred thousand of them: of a text of more than ``maxTextSize`` bytes, which says no
/// more than a double can hold, the shortest that reads back to the same double is kept.
package struct Number: Sendable, Hashable {
    package let value: Double
    private let digits: Digits

    /// Bytes of a text that are kept as they came: more than the 24 that any double's shortest decimal has.
    package static let maxTextSize = 31

    package var isFinite: Bool { value.isFinite }

    package var text: String { withText { String(decoding: $0, as: UTF8.self) } }

    /// A number to write: its text is the shortest decimal that reads back to the same double.
    package init(_ value: Double) {
        var text = Self.text(of: value)
        self.init(value, text.withUTF8 { Digits($0) })
    }

    /// A number that was read: a JSON number within double's range, or `nan`, `inf` or `-inf`.
    package init?(_ bytes: Bytes) {
        guard let value = Self.parse(bytes) else { return nil }
        if bytes.count <= Self.maxTextSize { self.init(value, Digits(bytes)) } else { self.init(value) }
    }

    private init(_ value: Double, _ digits: Digits) {
        self.value = value
        self.digits = digits
    }

    /// Bytes of the text.
    package var textSize: Int { digits.count }

    /// Calls back with the bytes of the text.
    package func withText<Result>(_ body: (Bytes) -> Result) -> Result {
        withUnsafeBytes(of: digits) { bytes in
            body(Bytes(rebasing: bytes.bindMemory(to: UInt8.self)[1...Int(bytes[0])]))
        }
    }

    /// By the text: it decides the value, and nan equals itself.
    package static func == (left: Self, right: Self) -> Bool { left.digits == right.digits }

    package func hash(into hasher: inout Hasher) { hasher.combine(digits) }

    /// The shortest decimal that reads back to the same double; `nan`, `inf` or `-inf` for what is not finite.
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
            if bytes.elementsEqual("nan".utf8) { return .nan }
            if bytes.elementsEqual("inf".utf8) { return .infinity }
            if bytes.elementsEqual("-inf".utf8) { return -.infinity }
            return nil
        }
    }
}

extension Number {
    /// How many bytes there are, the bytes, and zeros.
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

/// Bytes that somebody else keeps alive for the duration of a call.
package typealias Bytes = UnsafeBufferPointer<UInt8>
