import Glibc
import HyperoSchema

/// The values of one hyper-parameter in many experiments, 12 bytes each.
public struct ParameterValues: Sendable {
    /// The name without its prefix, such as `lr`.
    public let name: String
    /// The recorded scale per group of experiments; nil where none was recorded.
    let scales: [ParameterScale?]
    /// The number of an experiment; nan if its value is absent or no finite number.
    private var numbers: [Double] = []
    /// The index of an experiment's text among the different ones, or ``absent``, or ``number``.
    private var texts: [Int32] = []
    private var textIndexes: [Int: Int32] = [:]

    private static let absent: Int32 = -1
    private static let number: Int32 = -2
    /// The number of different texts that are told apart. The others count as one.
    private static let maxTexts = 10_000

    /// Creates the values of no experiment.
    ///
    /// - Parameters:
    ///   - name: the name of the hyper-parameter.
    ///   - scales: the scale of the recorded distribution per group of experiments; nil where none was recorded.
    public init(_ name: String, scales: [ParameterScale?]) {
        self.name = name
        self.scales = scales
    }

    /// Appends the value of the next experiment, as stored in Redis; nil if it has none.
    public mutating func append(_ text: String?) {
        guard var text else {
            numbers.append(.nan)
            texts.append(Self.absent)
            return
        }
        text.withUTF8 { append($0) }
    }

    private mutating func append(_ bytes: Bytes) {
        if let number = Number(bytes), number.isFinite {
            numbers.append(number.value)
            texts.append(Self.number)
            return
        }
        numbers.append(.nan)
        // The hash stands for the text, so that 10,000 long texts do not fill the memory.
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        let key = hasher.finalize()
        let index = textIndexes[key] ?? Int32(min(textIndexes.count, Self.maxTexts))
        if index < Self.maxTexts { textIndexes[key] = index }
        texts.append(index)
    }

    /// The number of experiments, with a value or not.
    public var count: Int { texts.count }

    /// The number of experiments with a value.
    public var presentCount: Int { texts.reduce(0) { $0 + ($1 == Self.absent ? 0 : 1) } }

    /// The identity of a value: that of its number, so that 16 equals 16.0, or that of its text.
    private struct Identity: Hashable {
        let bits: UInt64
        let isText: Bool
    }

    private func identity(_ index: Int) -> Identity {
        texts[index] == Self.number
            // -0 equals 0.
            ? Identity(bits: (numbers[index] + 0).bitPattern, isText: false)
            : Identity(bits: UInt64(texts[index]), isText: true)
    }

    /// Experiments whose values of the hyper-parameter are on one scale.
    struct Regime {
        let scale: ParameterScale
        /// The experiments.
        var indexes: [Int32] = []
        /// The cell of each experiment's value.
        var cells: [Int32] = []
        /// The number of different values.
        var valueCount = 0
    }

    /// Divides the experiments that have a value into regimes, the largest first.
    ///
    /// Numbers are on the recorded scale of their group, unless more than 1 of 20 are outside of it, and the values of a recorded
    /// choice are categories. Without a recorded
    /// distribution, at most ``maxInferredCategories`` different values are categories, and more numbers have a scale between
    /// their extremes. Texts among numbers are a regime of their own.
    ///
    /// - Parameter groups: the group of each experiment.
    func regimes(groups: [Int32]) -> [Regime] {
        var recorded: [ParameterScale: [Int32]] = [:]
        var others: [Int32] = []
        var isNumber = (numbers: false, texts: false)
        for (index, text) in texts.enumerated() where text != Self.absent {
            let scale = scales[Int(groups[index])]
            if let scale, !scale.isNumeric || text == Self.number {
                recorded[scale, default: []].append(Int32(index))
            } else {
                others.append(Int32(index))
                if text == Self.number { isNumber.numbers = true } else { isNumber.texts = true }
            }
        }
        var regimes = recorded.map { scale, indexes in
            guard scale.isNumeric else { return categories(indexes, source: scale) }
            // A program may replace the values that it has drawn.
            let outside = indexes.reduce(0) { $0 + (scale.contains(numbers[Int($1)]) ? 0 : 1) }
            return numeric(indexes, on: outside * 20 > indexes.count ? inferredScale(of: indexes) : scale)
        }
        if !others.isEmpty {
            let few = categories(others, source: nil)
            if few.valueCount <= Self.maxInferredCategories || !isNumber.numbers {
                regimes.append(few)
            } else {
                let numeric = others.filter { texts[Int($0)] == Self.number }
                regimes.append(self.numeric(numeric, on: inferredScale(of: numeric)))
                if isNumber.texts {
                    regimes.append(categories(others.filter { texts[Int($0)] != Self.number }, source: nil))
                }
            }
        }
        // The order of a dictionary differs between runs, and sums of doubles depend on it.
        return regimes.sorted { ($0.indexes.count, $1.indexes[0]) > ($1.indexes.count, $0.indexes[0]) }
    }

    /// The number of different values up to which values without a recorded distribution are categories.
    static let maxInferredCategories = 20

    /// Returns the scale of numbers without a recorded distribution: between their extremes, except those that are further from the
    /// middle tenths than three times the distance between these.
    private func inferredScale(of indexes: [Int32]) -> ParameterScale {
        let values = indexes.map { numbers[Int($0)] }.sorted()
        guard let low = values.first, let high = values.last else { return .linear(low: 0, high: 0) }
        let (first, last) = (values[values.count / 10], values[values.count - 1 - values.count / 10])
        if low > 0, last / first >= Self.leastLogRatio {
            let reach = 3 * (log(last) - log(first))
            return .logarithmic(low: max(low, exp(log(first) - reach)), high: min(high, exp(log(last) + reach)))
        }
        let reach = 3 * (last - first)
        return ParameterScale(
            low: reach > 0 ? max(low, first - reach) : low, high: reach > 0 ? min(high, last + reach) : high,
            areWhole: values.allSatisfy { $0.rounded() == $0 })
    }

    /// The ratio of the last tenth of the values to the first from which they are on a logarithmic scale. It is about 9 for uniform
    /// values from 0, and 40 for two decades of log-uniform ones. One value near 0 does not change it.
    private static let leastLogRatio = 30.0

    private func numeric(_ indexes: [Int32], on scale: ParameterScale) -> Regime {
        var regime = Regime(scale: scale, indexes: indexes)
        regime.cells.reserveCapacity(indexes.count)
        let first = numbers[Int(indexes[0])]
        regime.valueCount = 1
        for index in indexes {
            let value = numbers[Int(index)]
            regime.cells.append(Int32(scale.cell(of: value)))
            if value != first { regime.valueCount = 2 }
        }
        return regime
    }

    private func categories(_ indexes: [Int32], source: ParameterScale?) -> Regime {
        var cells: [Identity: Int32] = [:]
        let assigned = indexes.map { index in
            let identity = identity(Int(index))
            let cell = cells[identity] ?? Int32(cells.count)
            if Int(cell) == cells.count { cells[identity] = cell }
            return cell
        }
        var (choices, text) = (0, "")
        if case .categories(let count, let source)? = source { (choices, text) = (count, source) }
        return Regime(
            scale: .categories(count: max(choices, cells.count), source: text), indexes: indexes, cells: assigned,
            valueCount: cells.count)
    }
}
