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
        switch Distribution(text: text) {
        case .uniform(let low, let high)? where (high - low).isFinite: self = .linear(low: low, high: high)
        case .normal(let mean, let deviation)? where (6 * deviation).isFinite:
            self = .linear(low: mean - 3 * deviation, high: mean + 3 * deviation)
        case .logUniform(let low, let high)?: self = .logarithmic(low: low, high: high)
        case .randint(let low, let high)?: self = .integers(low: Double(low), high: Double(high))
        case .categorical(let choices, _)?: self = .categories(count: choices.count, source: text)
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
