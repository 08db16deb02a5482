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
            let isSame = texts.count == curves.entries.count && texts.allSatisfy { $0.hasSameBytes(as: texts[0]) }
            if isSame { same.append(name) } else { differing.append(name) }
        }
        self.differing = differing.sorted().map(\.text)
        self.same = same.sorted().map(\.text)
        let channels = Set(curves.entries.flatMap { $0.record.maxima.map { ExactText($0.channel) } })
        self.channels = channels.map(\.text).sorted { ChannelOrder($0) < ChannelOrder($1) }
    }

    /// The experiments in the order of the query.
    public var experiments: [ExperimentRecord] { curves.entries.map(\.record) }
}

extension ExperimentRecord {
    /// Returns the stored text of a hyper-parameter; nil if the experiment does not have it.
    func paramText(_ name: String) -> String? { params.first { $0.name.hasSameBytes(as: name) }?.text }

    /// Returns the number of a channel at the best epoch; nil if the experiment does not have it.
    func maximum(of channel: String) -> Number? { maxima.first { $0.channel.hasSameBytes(as: channel) }?.number }
}
