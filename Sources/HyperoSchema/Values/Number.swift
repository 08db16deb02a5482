/// A number of a curve or of the maxima, with the text it came as.
///
/// The text is what hashes and rankings hold, so that what a producer wrote is what a reader sees.
package struct Number: Sendable, Hashable {
    package let text: String
    package let value: Double

    package var isFinite: Bool { value.isFinite }

    /// A number to write: its text is the shortest decimal that reads back to the same double.
    package init(_ value: Double) {
        self.value = value
        text = Self.text(of: value)
    }

    /// A number that was read: a JSON number within double's range, or `nan`, `inf` or `-inf`.
    package init?(_ bytes: Bytes) {
        guard let value = Self.parse(bytes) else { return nil }
        // What parsed is ASCII.
        text = String(decoding: bytes, as: UTF8.self)
        self.value = value
    }

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

/// Bytes that somebody else keeps alive for the duration of a call.
package typealias Bytes = UnsafeBufferPointer<UInt8>
