import HyperoSchema

/// A number in a filter expression or in a stored value.
struct FilterNumber: Sendable, Hashable {
    let value: Double
    /// The digits of a whole number that a double does not hold exactly; nil for all others.
    let wholeDigits: String?

    init(_ value: Double, wholeDigits: String? = nil) {
        self.value = value
        self.wholeDigits = wholeDigits
    }

    /// Reads a number of an expression: `0.9`, `1e-4`, `-3`, `.5`, `1_000`, `10k`, `8GiB`, `0.1%`, `inf`. nan is none.
    init?(_ text: String) {
        var text = text
        if text.hasPrefix("+") { text.removeFirst() }
        if let number = Self.plain(text) {
            self = number
            return
        }
        for (suffix, factor) in Self.suffixes where text.hasSuffix(suffix) {
            guard let number = Self.plain(String(text.dropLast(suffix.count))), number.value.isFinite else { continue }
            // A division rounds once: 0.1% is 0.001.
            self.init(factor == 0.01 ? number.value / 100 : number.value * factor)
            return
        }
        return nil
    }

    /// Longer suffixes first. A unit of memory may end with B.
    private static let suffixes: [(String, Double)] = [
        ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40), ("Ki", 0x1p10), ("Mi", 0x1p20),
        ("Gi", 0x1p30), ("Ti", 0x1p40), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("k", 1e3),
        ("K", 1e3), ("M", 1e6), ("G", 1e9), ("B", 1e9), ("T", 1e12), ("%", 0.01),
    ]

    private static func plain(_ text: String) -> FilterNumber? {
        switch text.lowercased() {
        case "inf", "infinity": return FilterNumber(.infinity)
        case "-inf", "-infinity": return FilterNumber(-.infinity)
        default: break
        }
        // Double(_:) also reads hexadecimal numbers and nan.
        guard let first = text.utf8.first(where: { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }),
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            text.utf8.allSatisfy({ "0123456789+-.eE_".utf8.contains($0) })
        else { return nil }
        let digits = text.utf8.contains(UInt8(ascii: "_")) ? grouped(text) : text
        guard let digits, let value = Double(digits), value.isFinite else { return nil }
        return FilterNumber(value, wholeDigits: abs(value) >= 0x1p53 ? wholeDigits(digits) : nil)
    }

    /// Returns the text without the underscores between digits; nil if one is at another place.
    private static func grouped(_ text: String) -> String? {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard !(parts.first?.isEmpty ?? true), parts.dropFirst().allSatisfy({ $0.utf8.count >= 3 }) else { return nil }
        return parts.joined()
    }

    private static func wholeDigits(_ text: String) -> String? {
        isWholeNumber(text) ? text : nil
    }

    /// Reads a stored number, which may be nan.
    init?(stored text: String) {
        guard let number = Number(text: text) else { return nil }
        self.init(number.value, wholeDigits: abs(number.value) >= 0x1p53 ? Self.wholeDigits(text) : nil)
    }

    /// Returns whether the comparison holds. Whole numbers above 2^53 are compared by their digits.
    func fulfils(_ comparison: FilterComparison, _ other: FilterNumber) -> Bool {
        guard value == other.value, let left = wholeDigits, let right = other.wholeDigits, left != right else {
            return comparison.holds(value, other.value)
        }
        switch comparison {
        case .equal: return false
        case .notEqual: return true
        case .matches, .matchesNot: return false
        case .less, .lessOrEqual: return Self.isLess(left, right)
        case .greater, .greaterOrEqual: return Self.isLess(right, left)
        }
    }

    private static func isLess(_ left: String, _ right: String) -> Bool {
        let isNegative = left.hasPrefix("-")
        guard isNegative == right.hasPrefix("-") else { return isNegative }
        let (small, large) = isNegative ? (right, left) : (left, right)
        guard small.utf8.count == large.utf8.count else { return small.utf8.count < large.utf8.count }
        return small.utf8.lexicographicallyPrecedes(large.utf8)
    }
}
