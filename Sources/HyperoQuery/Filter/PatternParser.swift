/// A parser of POSIX extended regular expressions.
///
/// Beside them: `\\w \\s \\d` and their negations `\\W \\S \\D`, as GNU and other programs have them.
///
/// Source: POSIX.1-2017, section 9.4, <https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap09.html>.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    private static let maxDepth = 32
    private static let maxCount = 1_000

    static func parse(_ pattern: String) throws(FilterPattern.Problem) -> PatternNode {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
        let node = try parser.choice()
        guard parser.position == parser.scalars.count else {
            throw parser.problem("one ) too many", at: parser.position)
        }
        return node
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func problem(_ text: String, at index: Int) -> FilterPattern.Problem {
        FilterPattern.Problem(
            text: text, offset: (scalars[..<index].reduce(0) { $0 + UTF8.width($1) }, index))
    }

    private mutating func choice() throws(FilterPattern.Problem) -> PatternNode {
        var parts = [try sequence()]
        while next == "|" {
            position += 1
            parts.append(try sequence())
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(FilterPattern.Problem) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated(try atom())) }
        switch parts.count {
        case 0: return .empty
        case 1: return parts[0]
        default: return .sequence(parts)
        }
    }

    private mutating func atom() throws(FilterPattern.Problem) -> PatternNode {
        let start = position
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case ".": return .anyScalar
        case "^": return .start
        case "$": return .end
        case "(":
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.maxDepth else {
                throw problem("more than \(Self.maxDepth) levels of brackets", at: start)
            }
            let node = try choice()
            guard next == ")" else { throw problem("( is not closed", at: start) }
            position += 1
            return node
        case "[":
            var parser = PatternSetParser(scalars: scalars, position: position)
            do {
                let set = try parser.set()
                position = parser.position
                return .set(set)
            } catch {
                throw problem(error.text, at: error.isAboutBracket ? start : parser.position)
            }
        case "\\": return try escaped(start)
        case "*", "+", "?": throw problem("\(scalar) repeats nothing. % and _ belong to like", at: start)
        case "{": throw problem("{ repeats nothing. Write \\{ for the character", at: start)
        default: return .scalar(scalar)
        }
    }

    private mutating func escaped(_ start: Int) throws(FilterPattern.Problem) -> PatternNode {
        guard let scalar = next else { throw problem("\\ is at the end", at: start) }
        position += 1
        if ("1"..."9").contains(scalar) { throw problem("back-references are not supported", at: start) }
        if let scalarClass = ScalarClass(escape: scalar) {
            var set = FilterPattern.ScalarSet()
            set.classes = [scalarClass]
            set.isNegated = scalar.properties.isUppercase
            return .set(set)
        }
        guard !scalar.isASCII || !scalar.properties.isAlphabetic else {
            throw problem("\\\(scalar) is not supported", at: start)
        }
        return .scalar(scalar)
    }

    /// Parses `*`, `+`, `?` and counts after a part.
    private mutating func repeated(_ part: PatternNode) throws(FilterPattern.Problem) -> PatternNode {
        var node = part
        // x**** is x*: each nested repetition costs two states and a level of recursion.
        var levels = 0
        while let scalar = next {
            let start = position
            switch scalar {
            case "*": node = .repetition(node, min: 0, max: nil)
            case "+": node = .repetition(node, min: 1, max: nil)
            case "?": node = .repetition(node, min: 0, max: 1)
            case "{":
                position += 1
                let (min, max) = try counts(start)
                node = .repetition(node, min: min, max: max)
                position -= 1
            default: return node
            }
            position += 1
            levels += 1
            guard levels <= Self.maxDepth else { throw problem("too many repetitions of one part", at: start) }
        }
        return node
    }

    /// Parses `2}`, `2,}`, `,3}` and `2,3}`.
    private mutating func counts(_ start: Int) throws(FilterPattern.Problem) -> (min: Int, max: Int?) {
        let min = try count()
        var max = min
        let hasComma = next == ","
        if hasComma {
            position += 1
            max = try count()
        }
        guard next == "}", min != nil || max != nil else {
            throw problem(next == nil ? "{ is not closed" : "{ needs counts, such as {2,3}", at: start)
        }
        position += 1
        if let min, let max, max < min { throw problem("the counts must ascend", at: start) }
        return (min ?? 0, max)
    }

    private mutating func count() throws(FilterPattern.Problem) -> Int? {
        let start = position
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            guard value ?? 0 <= Self.maxCount else {
                throw problem("a repetition must be a number up to \(Self.maxCount)", at: start)
            }
            position += 1
        }
        return value
    }
}

/// A parser of a set in brackets.
struct PatternSetParser {
    let scalars: [Unicode.Scalar]
    /// The place after the opening bracket, and in the end after the closing one.
    private(set) var position: Int

    struct Problem: Error {
        let text: String
        /// True if the place is that of the opening bracket.
        var isAboutBracket = false
    }

    init(scalars: [Unicode.Scalar], position: Int) {
        self.scalars = scalars
        self.position = position
    }

    mutating func set() throws(Problem) -> FilterPattern.ScalarSet {
        var set = FilterPattern.ScalarSet()
        if position < scalars.count, scalars[position] == "^" {
            set.isNegated = true
            position += 1
        }
        let first = position
        while position < scalars.count {
            let scalar = scalars[position]
            // A closing bracket at the beginning is a member.
            if scalar == "]", position > first {
                position += 1
                return set
            }
            if scalar == "[", position + 1 < scalars.count, ":.=".unicodeScalars.contains(scalars[position + 1]) {
                set.classes.append(try scalarClass())
                continue
            }
            position += 1
            // A hyphen at the end is a member.
            guard position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] != "]" else {
                set.ranges.append(scalar.value...scalar.value)
                continue
            }
            let last = scalars[position + 1]
            guard scalar.value <= last.value else { throw Problem(text: "the range \(scalar)-\(last) descends") }
            set.ranges.append(scalar.value...last.value)
            position += 2
        }
        throw Problem(text: "[ is not closed", isAboutBracket: true)
    }

    /// Parses a class such as `[:alpha:]`.
    private mutating func scalarClass() throws(Problem) -> ScalarClass {
        guard scalars[position + 1] == ":" else {
            throw Problem(text: "[. and [= are not supported")
        }
        var name = ""
        var index = position + 2
        while index < scalars.count, scalars[index] != ":" {
            name.unicodeScalars.append(scalars[index])
            index += 1
        }
        guard index + 1 < scalars.count, scalars[index + 1] == "]" else { throw Problem(text: "[: is not closed") }
        guard let found = ScalarClass(rawValue: name) else {
            throw Problem(text: "the class of characters is not known")
        }
        position = index + 2
        return found
    }
}

/// A class of characters.
enum ScalarClass: String {
    case alnum, alpha, blank, cntrl, digit, graph, lower, print, punct, space, upper, xdigit, word

    /// Creates the class of `\w`, `\s` or `\d`, and of their negations.
    init?(escape: Unicode.Scalar) {
        switch escape {
        case "w", "W": self = .word
        case "s", "S": self = .space
        case "d", "D": self = .digit
        default: return nil
        }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        return switch self {
        case .alpha: properties.isAlphabetic
        case .digit: ("0"..."9").contains(scalar)
        case .alnum: properties.isAlphabetic || properties.numericType != nil
        case .word: properties.isAlphabetic || properties.numericType != nil || scalar == "_"
        case .blank: scalar == " " || scalar == "\t"
        case .cntrl: properties.generalCategory == .control
        case .graph: !properties.isWhitespace && properties.generalCategory != .control
        case .lower: properties.isLowercase
        case .print: properties.generalCategory != .control
        case .punct:
            scalar.isASCII && !properties.isAlphabetic && !("0"..."9").contains(scalar) && scalar.value > 0x20
                && scalar.value < 0x7F
        case .space: properties.isWhitespace
        case .upper: properties.isUppercase
        case .xdigit: properties.isASCIIHexDigit
        }
    }
}
