import Glibc
import HyperoSchema

/// The scale on which the values of a hyper-parameter are compared: a row of cells, each for a range of values or for one value.
public enum ParameterScale: Sendable, Hashable {
    /// Numbers between two bounds.
    case linear(low: Double, high: Double)
    /// Numbers between two bounds above 0, whose ratios count.
    case logarithmic(low: Double, high: Double)
    /// Whole numbers between two bounds, which are included.
    case integers(low: Double, high: Double)
    /// Values without an order. `source` is the text of the distribution, empty if none was recorded.
    case categories(count: Int, source: String)

    /// The number of cells between the bounds of numbers, as in Watanabe et al.
    static let steps = 50

    /// Creates the scale of a recorded distribution, such as `logUniform 1e-05 0.1`; nil if the text is none that a client writes.
    ///
    /// The scale of `normal` has the 3 standard deviations on both sides of the mean.
    public init?(distribution text: String) {
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let rest = String(text[text.utf8.index(after: end)...])
        let kind = text[..<end]
        if kind == "categorical" {
            guard let count = Self.choiceCount(in: rest) else { return nil }
            self = .categories(count: count, source: text)
            return
        }
        let numbers = rest.split(separator: " ", omittingEmptySubsequences: false).map {
            Number(text: String($0))?.value ?? .nan
        }
        guard numbers.count == 2, numbers.allSatisfy(\.isFinite) else { return nil }
        let (low, high) =
            kind == "normal"
            ? (numbers[0] - 3 * abs(numbers[1]), numbers[0] + 3 * abs(numbers[1])) : (numbers[0], numbers[1])
        guard low <= high, (high - low).isFinite else { return nil }
        switch kind {
        case "uniform", "normal": self = .linear(low: low, high: high)
        case "logUniform" where low > 0: self = .logarithmic(low: low, high: high)
        case "randint": self = .integers(low: low, high: high)
        default: return nil
        }
    }

    /// Creates the linear scale of numbers without a recorded distribution.
    init(low: Double, high: Double, areWhole: Bool) {
        // The difference of two finite doubles may be infinite.
        let bound = Double.greatestFiniteMagnitude / 4
        let (low, high) = (min(max(low, -bound), bound), min(max(high, -bound), bound))
        self = areWhole ? .integers(low: low, high: high) : .linear(low: low, high: high)
    }

    /// Returns the number of choices in `["linear","adaptive"] [0.8,0.2]`, where the weights are optional.
    private static func choiceCount(in text: String) -> Int? {
        // Without weights, the whole text is JSON. The weights are an array of numbers, which has no other bracket.
        var choices = text
        if Value(json: text) == nil, let end = text.range(ofLast: "] [") { choices = String(text[...end]) }
        guard case .array(let values)? = Value(json: choices), !values.isEmpty else { return nil }
        return values.count
    }

    /// The number of cells, at least 1.
    var cellCount: Int {
        switch self {
        case .linear(let low, let high), .logarithmic(let low, let high): low < high ? Self.steps : 1
        case .integers(let low, let high): Int(min(max(high - low + 1, 1), Double(Self.steps)))
        case .categories(let count, _): max(count, 1)
        }
    }

    /// Returns whether a number is between the bounds.
    func contains(_ value: Double) -> Bool {
        switch self {
        case .linear(let low, let high), .logarithmic(let low, let high), .integers(let low, let high):
            low <= value && value <= high
        case .categories: true
        }
    }

    /// True for numbers, whose order counts.
    var isNumeric: Bool { if case .categories = self { false } else { true } }

    /// Returns the cell of a number. A number beyond the bounds is in the nearest cell, and one in the middle between two cells
    /// in the lower one.
    func cell(of value: Double) -> Int {
        let count = cellCount
        let position: Double
        switch self {
        case .linear(let low, let high), .integers(let low, let high): position = (value - low) / (high - low)
        case .logarithmic(let low, let high):
            position = value > 0 ? (log(value) - log(low)) / (log(high) - log(low)) : 0
        case .categories: return 0
        }
        guard count > 1, position > 0 else { return 0 }
        guard position < 1 else { return count - 1 }
        return min(max(Int((position * Double(count - 1) - 0.5).rounded(.up)), 0), count - 1)
    }
}

extension String {
    /// Returns the position of the first character of the last occurrence of an ASCII text; nil without one.
    fileprivate func range(ofLast text: StaticString) -> String.Index? {
        let pattern = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        var start = utf8.endIndex
        while start > utf8.startIndex {
            start = utf8.index(before: start)
            if utf8[start...].starts(with: pattern) { return start }
        }
        return nil
    }
}
