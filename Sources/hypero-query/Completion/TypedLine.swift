/// A command line up to the cursor, split into words as a shell splits it.
struct TypedLine {
    /// The complete words before the cursor, without quotes. The first one is the program.
    private(set) var words: [String] = []
    /// The word at the cursor, without quotes.
    private(set) var current = ""
    /// The quote that is open at the cursor; nil for none.
    private(set) var quote: Character?
    /// The part of ``current`` before the open quote.
    private(set) var beforeQuote = ""
    /// The part of the word at the cursor as typed that a shell keeps, up to the latest separator outside quotes.
    private(set) var kept = ""
    /// True if a part of the word at the cursor is in quotes that are closed.
    private(set) var hasClosedQuote = false

    /// - Parameters:
    ///   - line: the text up to the cursor.
    ///   - wordBreaks: the separators within a word from which on the shell replaces it.
    init(_ line: String, wordBreaks: String = "") {
        var typed = ""
        var isInWord = false
        var isEscaped = false
        for character in line {
            if !isEscaped, quote == nil, character == " " || character == "\t" || character == "\n" {
                if isInWord { words.append(current) }
                (current, typed, isInWord) = ("", "", false)
                (kept, hasClosedQuote) = ("", false)
                continue
            }
            isInWord = true
            typed.append(character)
            if isEscaped {
                isEscaped = false
                if quote == "\"", !"\"\\$`".contains(character) { current.append("\\") }
                current.append(character)
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
                hasClosedQuote = true
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                beforeQuote = current
            } else {
                current.append(character)
                if quote == nil, wordBreaks.contains(character) { kept = typed }
            }
        }
    }
}

/// A shell that asks for candidates.
enum Shell: String, CaseIterable {
    case bash
    case zsh
    case fish

    /// Returns the text that replaces the word at the cursor; nil if the shell cannot quote it.
    ///
    /// zsh and fish quote the candidates themselves. bash replaces the word from the latest of its separators on, or from the
    /// open quote on, with the text as it is. It appends the text to a word with a closed quote.
    ///
    /// - Parameter candidate: the whole word without quotes.
    func replacement(_ candidate: String, in line: TypedLine) -> String? {
        guard self == .bash else { return candidate }
        guard !line.hasClosedQuote else { return nil }
        switch line.quote {
        case "'":
            guard !candidate.contains("'") else { return nil }
            return String(candidate.dropFirst(line.beforeQuote.count))
        case "\"":
            // A backslash before ! ends the expansion of the history, and stays in the word. bash adds no quote after a quote.
            guard !candidate.contains("!"), !candidate.hasSuffix("\"") else { return nil }
            return Self.escaped(String(candidate.dropFirst(line.beforeQuote.count)), among: "\"\\$`")
        default:
            let escaped = Self.escaped(candidate, among: " \t\"'\\$`&|;<>()*?[]{}!#~^")
            return escaped.hasPrefix(line.kept) ? String(escaped.dropFirst(line.kept.count)) : nil
        }
    }

    private static func escaped(_ text: String, among special: String) -> String {
        var result = ""
        for character in text {
            if special.contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
