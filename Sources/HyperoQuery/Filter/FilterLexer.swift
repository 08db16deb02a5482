import HyperoSchema

/// The tokens of a filter expression.
struct FilterLexer {
    private let scalars: [Unicode.Scalar]
    /// The offset of each scalar in the UTF-8 text, and the size of the text.
    private let offsets: [Int]
    private var position = 0
    private var tokens: [FilterToken] = []

    private init(_ expression: String, from start: Int) {
        scalars = Array(expression.unicodeScalars)
        var offsets: [Int] = []
        offsets.reserveCapacity(scalars.count + 1)
        var offset = start
        for scalar in scalars {
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        self.offsets = offsets + [offset]
    }

    /// Returns the tokens, the last of which is ``FilterToken/Kind/end``, and the error at which they end; nil if there is none.
    ///
    /// - Parameter start: the offset of the expression in a longer text.
    static func tokens(
        of expression: String, from start: Int = 0
    ) -> (tokens: [FilterToken], failure: FilterError?) {
        var lexer = FilterLexer(expression, from: start)
        var failure: FilterError?
        do throws(FilterError) {
            while lexer.position < lexer.scalars.count { try lexer.readNext() }
        } catch {
            failure = error
        }
        lexer.position = lexer.scalars.count
        lexer.add(.end, from: lexer.position)
        return (lexer.tokens, failure)
    }

    private mutating func readNext() throws(FilterError) {
        let scalar = scalars[position]
        if scalar.properties.isWhitespace, !isControl(scalar) || scalar == "\t" || scalar == "\n" || scalar == "\r" {
            position += 1
        } else if Self.isName(scalar) {
            readWord()
        } else if let quote = Self.quote(scalar) {
            try readQuoted(quote)
        } else {
            try readMark()
        }
    }

    private mutating func add(_ kind: FilterToken.Kind, from start: Int) {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[start..<position])
        tokens.append(FilterToken(kind: kind, text: text, range: offsets[start]..<offsets[position]))
    }

    static func isName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "_", "-", ".", "/", "@", "+": return true
        default:
            if scalar.isASCII { return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) }
            // Letters of any script with their marks, and digits of any script.
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
                .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
                return true
            default: return false
            }
        }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// Reads a name, a number such as `0.1%`, or a time such as `2026-11-24T09:00`.
    private mutating func readWord() {
        let start = position
        while position < scalars.count, Self.isName(scalars[position]) || isInTime(from: start) { position += 1 }
        // A space before the time of day, as in SQL.
        if position - start == 10, has("dddd-dd-dd dd:dd", at: start) {
            position += 6
            while position < scalars.count, Self.isName(scalars[position]) || isInTime(from: start) { position += 1 }
        }
        let startsNumber = scalars[start..<position].first { $0 != "-" && $0 != "+" && $0 != "." }.map(Self.isDigit)
        if startsNumber ?? false, position < scalars.count, scalars[position] == "%" { position += 1 }
        var word = ""
        word.unicodeScalars.append(contentsOf: scalars[start..<position])
        add(.word(word), from: start)
    }

    /// Returns whether the next scalar is a colon in a time of day after a date.
    private func isInTime(from start: Int) -> Bool {
        guard scalars[position] == ":", position - start >= 13, position + 1 < scalars.count,
            Self.isDigit(scalars[position + 1])
        else { return false }
        return has("dddd-dd-dd", at: start)
    }

    /// Returns whether a text of the form, in which d is a digit, begins at a place.
    private func has(_ form: String, at start: Int) -> Bool {
        let form = form.unicodeScalars
        guard scalars.count - start >= form.count else { return false }
        return zip(scalars[start...], form).allSatisfy { $1 == "d" ? Self.isDigit($0) : $0 == $1 }
    }

    /// Returns the kind of a quote, and the mark that closes it. Chat programs write curly quotes.
    private static func quote(_ scalar: Unicode.Scalar) -> (kind: FilterToken.Quote, closing: Set<Unicode.Scalar>)? {
        switch scalar {
        case "'": (.single, ["'"])
        case "\"": (.double, ["\""])
        case "`": (.backtick, ["`"])
        case "‘", "’", "‚": (.single, ["’", "‘"])
        case "“", "”", "„": (.double, ["”", "“"])
        default: nil
        }
    }

    /// Reads text in quotes. Two closing quotes are one in the text.
    private mutating func readQuoted(
        _ quote: (kind: FilterToken.Quote, closing: Set<Unicode.Scalar>)
    ) throws(FilterError) {
        let start = position
        var text = ""
        position += 1
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            if quote.closing.contains(scalar) {
                guard position < scalars.count, quote.closing.contains(scalars[position]) else {
                    return add(.quoted(text, quote.kind), from: start)
                }
                position += 1
            }
            text.unicodeScalars.append(scalar)
        }
        throw FilterError(
            "the quote is not closed", at: offsets[start]..<offsets[start + 1], hint: "opened here", topic: .openQuote)
    }

    private static let comparisons: [String: FilterComparison] = [
        "=": .equal, "==": .equal, "!=": .notEqual, "<>": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater,
        ">=": .greaterOrEqual, "~": .matches, "!~": .matchesNot, "≤": .lessOrEqual, "≥": .greaterOrEqual,
        "≠": .notEqual,
    ]

    /// The comparisons of other languages, and what to write instead.
    private static let corrections = [
        ">>": "> or >=", "<<": "< or <=", "=>": ">=", "=<": "<=", "===": "=", "!==": "!=", "=~": "~", "~=": "~",
        "><": "!=", "=!": "!=", "~~": "~", "!>": "<=", "!<": ">=", "<=>": "=",
    ]

    private mutating func readMark() throws(FilterError) {
        let start = position
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "(": return add(.open(.round), from: start)
        case ")": return add(.close(.round), from: start)
        case "[": return add(.open(.square), from: start)
        case "]": return add(.close(.square), from: start)
        case ",": return add(.comma, from: start)
        case "*": return add(.times, from: start)
        case ";" where scalars[position...].allSatisfy({ $0.properties.isWhitespace || $0 == ";" }):
            position = scalars.count
            return
        case "&" where position < scalars.count && scalars[position] == "&",
            "|" where position < scalars.count && scalars[position] == "|":
            position += 1
            return add(scalar == "&" ? .and : .or, from: start)
        default: break
        }
        let marks: Set<Unicode.Scalar> = ["=", "!", "<", ">", "~", "≤", "≥", "≠"]
        guard marks.contains(scalar) else { throw unexpected(scalar, at: start) }
        while position < scalars.count, marks.contains(scalars[position]) { position += 1 }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[start..<position])
        if let comparison = Self.comparisons[text] { return add(.comparison(comparison), from: start) }
        if text.unicodeScalars.allSatisfy({ $0 == "!" }) {
            // Each mark is a level of its own.
            position = start + 1
            return add(.not, from: start)
        }
        throw FilterError(
            "\(text) is no comparison", at: offsets[start]..<offsets[position],
            hint: Self.corrections[text] ?? "one of = != < <= > >= ~ !~")
    }

    private func unexpected(_ scalar: Unicode.Scalar, at index: Int) -> FilterError {
        let range = offsets[index]..<offsets[index + 1]
        switch scalar {
        case "&": return FilterError("& is no operator", at: range, hint: "and")
        case "|": return FilterError("| is no operator", at: range, hint: "or")
        case ":":
            let (message, hint) = FilterDialects.colon(scalars, at: index)
            return FilterError(message, at: range, hint: hint)
        case "{", "}":
            return FilterError("this is W&B's form", at: range, hint: FilterDialects.mongo(scalars))
        case _ where isControl(scalar) || scalar.properties.isBidiControl:
            let code = String(scalar.value, radix: 16, uppercase: true)
            let digits = String(repeating: "0", count: max(4 - code.count, 0)) + code
            return FilterError("a control character, U+\(digits), is not allowed", at: range, hint: "remove it")
        default:
            return FilterError(
                "\(printable(String(scalar))) is not allowed here", at: range,
                hint: "put a name with special characters in backticks, and text in quotes")
        }
    }
}
