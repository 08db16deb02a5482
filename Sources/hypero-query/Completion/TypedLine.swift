import HyperoSchema

/// A command line up to the cursor, split into words as a shell splits it.
struct TypedLine {
    /// The complete words before the cursor, without quotes. The first one is the program.
    private(set) var words: [String] = []
    /// The word at the cursor, without quotes.
    private(set) var current = ""
    /// The quote that is open at the cursor; nil for none.
    private(set) var quote: Unicode.Scalar?
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
        // A space or a quote and a combining character after it are one Character.
        for scalar in line.unicodeScalars {
            if !isEscaped, quote == nil, scalar == " " || scalar == "\t" || scalar == "\n" {
                if isInWord { words.append(current) }
                (current, typed, isInWord) = ("", "", false)
                (kept, hasClosedQuote) = ("", false)
                continue
            }
            isInWord = true
            typed.unicodeScalars.append(scalar)
            if isEscaped {
                isEscaped = false
                if quote == "\"", !"\"\\$`".unicodeScalars.contains(scalar) { current.unicodeScalars.append("\\") }
                current.unicodeScalars.append(scalar)
            } else if scalar == "\\", quote != "'" {
                isEscaped = true
            } else if scalar == quote {
                quote = nil
                hasClosedQuote = true
            } else if quote == nil, scalar == "\"" || scalar == "'" {
                quote = scalar
                beforeQuote = current
            } else {
                current.unicodeScalars.append(scalar)
                if quote == nil, wordBreaks.unicodeScalars.contains(scalar) { kept = typed }
            }
        }
    }

    /// Returns the part of a candidate after the one that precedes the open quote.
    fileprivate func rest(of candidate: String) -> String {
        String(candidate.unicodeScalars.dropFirst(beforeQuote.unicodeScalars.count))
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
            guard !candidate.utf8.contains(UInt8(ascii: "'")) else { return nil }
            return line.rest(of: candidate)
        case "\"":
            // A backslash before ! ends the expansion of the history, and stays in the word. bash adds no quote after a quote.
            guard !candidate.utf8.contains(UInt8(ascii: "!")), candidate.utf8.last != UInt8(ascii: "\"") else {
                return nil
            }
            return Self.escaped(line.rest(of: candidate), among: "\"\\$`")
        default:
            let escaped = Self.escaped(candidate, among: " \t\"'\\$`&|;<>()*?[]{}!#~^")
            return escaped.dropping(prefix: line.kept)
        }
    }

    private static func escaped(_ text: String, among special: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if special.unicodeScalars.contains(scalar) { result.unicodeScalars.append("\\") }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}
