import HyperoSchema

/// An error in a filter expression.
///
///     do {
///         let filter = try Filter("vaild > 0.9")
///     } catch {
///         print(error.message, error.from, error.to)
///     }
public struct FilterError: Error, Sendable, Hashable {
    /// The error in a few words, such as `a value is missing after >`. It may contain names from the expression, without
    /// control characters.
    public let message: String
    /// The offset of the first wrong byte in the UTF-8 text of the expression.
    public let from: Int
    /// The offset after the last wrong byte, at least ``from``. Equal to it if a part is missing there.
    public let to: Int
    /// A correction or an example; nil if there is none.
    public let hint: String?
    /// The expression.
    public private(set) var expression = ""
    /// The reason why advice about options may help.
    package let topic: Topic

    /// The reason for advice that only a command can give, because it names options.
    package enum Topic: Sendable, Hashable {
        case none
        /// No field has the name. The number of fields that exist.
        case unknownField(count: Int)
        /// The expression has a clause of SQL for sorting.
        case sorting(field: String?)
        /// The expression has a clause of SQL for the number of rows.
        case limit
        /// A quote is not closed, which a shell may have caused.
        case openQuote
    }

    private static let maxText = 300

    init(_ message: String, at range: Range<Int>, hint: String? = nil, topic: Topic = .none) {
        // Parts of the expression may have any characters.
        self.message = printable(message, limit: Self.maxText)
        from = range.lowerBound
        to = range.upperBound
        self.hint = hint.map { printable($0, limit: Self.maxText) }
        self.topic = topic
    }

    /// Returns the error of an expression.
    func `in`(_ expression: String) -> FilterError {
        var error = self
        error.expression = expression
        return error
    }

    /// Returns the error as a JSON object on one line: `{"error":{"message":…,"from":…,"to":…,"hint":…}}`.
    ///
    /// - Parameter hint: the hint with the advice of the command; nil for none.
    package func json(hint: String?) -> String {
        "{\"error\":{\"message\":\(JSON.quoted(message)),\"from\":\(from),\"to\":\(to),\"hint\":"
            + (hint.map(JSON.quoted) ?? "null") + "}}"
    }
}

extension FilterError: CustomStringConvertible {
    /// The message with the hint.
    public var description: String { hint.map { "\(message): \($0)" } ?? message }
}

extension FilterError {
    /// Returns the lines for a person: the message, the expression, and carets below the wrong part, followed by the hint.
    ///
    /// Counts columns of a terminal, not characters. Shows at most 30 columns of the expression before and after the wrong
    /// part.
    ///
    /// - Parameter hint: the hint with the advice of the command; nil for none.
    package func lines(hint: String?) -> [String] {
        let bytes = Array(expression.utf8)
        func text(_ range: Range<Int>) -> String {
            escapedText(String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self))
        }
        let start = min(from, bytes.count)
        let end = min(max(to, start), bytes.count)
        let before = Self.cut(text(0..<start), fromStart: false)
        let wrong = Self.cut(text(start..<end), fromStart: true)
        let after = Self.cut(text(end..<bytes.count), fromStart: true)
        let carets = String(repeating: "^", count: max(textWidth(wrong), 1))
        let indent = String(repeating: " ", count: textWidth(before))
        return [message, "  " + before + wrong + after, "  " + indent + carets + (hint.map { "  " + $0 } ?? "")]
    }

    private static let window = 30

    /// Returns the first or last 30 columns of a text, with an ellipsis in place of the others.
    private static func cut(_ text: String, fromStart: Bool) -> String {
        guard textWidth(text) > window else { return text }
        var kept = ""
        var width = 1
        for character in fromStart ? Array(text) : text.reversed() {
            width += textWidth(String(character))
            guard width <= window else { break }
            kept.append(character)
        }
        return fromStart ? kept + "…" : "…" + String(kept.reversed())
    }
}
