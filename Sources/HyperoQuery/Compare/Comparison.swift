import HyperoSchema

/// Experiments side by side: the hyper-parameters in which they differ, and their values at the best epochs.
///
///     let comparison = Comparison(try store.curves(of: ["k3v9x2mq7d-17", "w8"]))
///     print(comparison.differing, comparison.same)
public struct Comparison: Sendable, Hashable {
    /// The compared experiments with their learning curves.
    public let curves: CurveSet
    /// The names of the hyper-parameters in which the experiments differ, or that some of them lack, by name.
    public let differing: [String]
    /// The names of the hyper-parameters that have one value in all of the experiments, by name.
    public let same: [String]
    /// The channels with a value at the best epoch of an experiment: `train`, `valid`, `test`, then the others by name.
    public let channels: [String]

    /// Compares the experiments of some curves.
    public init(_ curves: CurveSet) {
        self.curves = curves
        var values: [ExactText: [String]] = [:]
        for record in curves.entries.map(\.record) {
            for param in record.params { values[ExactText(param.name), default: []].append(param.text) }
        }
        var (differing, same): ([ExactText], [ExactText]) = ([], [])
        for (name, texts) in values {
            let isSame = texts.count == curves.entries.count && texts.allSatisfy { Self.isEqual($0, texts[0]) }
            if isSame { same.append(name) } else { differing.append(name) }
        }
        self.differing = differing.sorted().map(\.text)
        self.same = same.sorted().map(\.text)
        let channels = Set(curves.entries.flatMap { $0.record.maxima.map { ExactText($0.channel) } })
        self.channels = channels.map(\.text).sorted { ChannelOrder($0) < ChannelOrder($1) }
    }

    /// Returns whether two stored values are equal: the same bytes, or two notations of one number, such as 64 and 64.0.
    private static func isEqual(_ left: String, _ right: String) -> Bool {
        if left.hasSameBytes(as: right) { return true }
        // Whole numbers beyond 2^53 may be one double and yet differ.
        guard let left = Number(text: left)?.value, let right = Number(text: right)?.value else { return false }
        return left == right && abs(left) < 0x1p53
    }

    /// The experiments in the order of the query.
    public var experiments: [ExperimentRecord] { curves.entries.map(\.record) }
}

/// The values of an experiment by their names, because a search of thousands of names per name takes seconds.
struct NamedValues: Sendable {
    private let params: [ExactText: String]
    private let maxima: [ExactText: Number]

    init(of record: ExperimentRecord) {
        params = Dictionary(record.params.map { (ExactText($0.name), $0.text) }) { first, _ in first }
        maxima = Dictionary(record.maxima.map { (ExactText($0.channel), $0.number) }) { first, _ in first }
    }

    /// Returns the stored text of a hyper-parameter; nil if the experiment does not have it.
    func paramText(_ name: String) -> String? { params[ExactText(name)] }

    /// Returns the number of a channel at the best epoch; nil if the experiment does not have it.
    func maximum(of channel: String) -> Number? { maxima[ExactText(channel)] }
}
