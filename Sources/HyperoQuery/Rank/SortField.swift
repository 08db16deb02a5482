import HyperoSchema

/// A field by which rows are sorted.
public struct SortField: Sendable, Hashable {
    /// The name, with or without prefix: `lr`, `max.test`, `started`.
    public let name: String
    /// True if the highest value is first.
    public let isDescending: Bool

    /// Creates a sort field.
    public init(_ name: String, isDescending: Bool = false) {
        self.name = name
        self.isDescending = isDescending
    }

    /// Creates a sort field from its text: the name, after `-` for the highest value first.
    package init(text: String) {
        let isDescending = text.utf8.first == UInt8(ascii: "-") && text.utf8.count > 1
        self.init(isDescending ? text.dropping(prefix: "-") ?? text : text, isDescending: isDescending)
    }
}

/// A value by which rows are sorted: numbers before text. Absent values and nan are last in both directions.
enum SortValue: Sendable, Hashable {
    /// A number, with the digits of a whole one that a double does not hold exactly.
    case number(FilterNumber)
    case text(String)
    case absent

    init(_ number: Double?) {
        self = number.map { $0.isNaN ? .absent : .number(FilterNumber($0)) } ?? .absent
    }

    /// - Parameter stored: the text of a field; nil for an absent one. A JSON null is an absent value, and a number in quotes is a
    ///   number, as filters compare it.
    init(stored: String?) {
        guard let stored, stored != "null" else {
            self = .absent
            return
        }
        let text = shownText(stored)
        guard let number = Number(text: text) else {
            self = .text(text)
            return
        }
        let digits =
            number.isFinite && abs(number.value) >= 0x1p53
            ? isWholeNumber(text) ? text : wholeText(of: number) : nil
        self = number.value.isNaN ? .absent : .number(FilterNumber(number.value, wholeDigits: digits))
    }

    /// Returns whether the value precedes another one; nil if neither precedes the other one.
    func precedes(_ other: SortValue, isDescending: Bool) -> Bool? {
        switch (self, other) {
        case (.absent, .absent): return nil
        case (.absent, _): return false
        case (_, .absent): return true
        case (.number(let left), .number(let right)):
            return Self.isLess(left, right).map { $0 != isDescending }
        case (.text(let left), .text(let right)):
            return left.hasSameBytes(as: right) ? nil : (ExactText(left) < ExactText(right)) != isDescending
        case (.number, .text): return !isDescending
        case (.text, .number): return isDescending
        }
    }

    /// Returns whether a number is less than another one; nil if they are equal.
    private static func isLess(_ left: FilterNumber, _ right: FilterNumber) -> Bool? {
        guard left.value == right.value else { return left.value < right.value }
        switch (left.wholeDigits, right.wholeDigits) {
        case (nil, nil): return nil
        // A number beyond all digits that can be computed.
        case (nil, _): return true
        case (_, nil): return false
        case (let left?, let right?): return left == right ? nil : HyperoQuery.isLess(left, than: right)
        }
    }

    /// Returns whether a row precedes another one by their values of all sort fields; nil if they are equal.
    static func precedes(_ left: [SortValue], _ right: [SortValue], by fields: [SortField]) -> Bool? {
        for (index, field) in fields.enumerated() {
            if let precedes = left[index].precedes(right[index], isDescending: field.isDescending) { return precedes }
        }
        return nil
    }
}
