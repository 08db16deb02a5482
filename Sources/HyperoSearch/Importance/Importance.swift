import HyperoCore

/// The importance of hyper-parameters: their shares of the difference between the best experiments and all, by PED-ANOVA.
///
/// The importance of a hyper-parameter is the Pearson divergence of its density among the best tenth of the experiments from its
/// density among all. It tells which hyper-parameters the best experiments have in common, and costs one pass over the values.
///
/// A hyper-parameter that some experiments lack, or that was drawn from several distributions, is divided into regimes of one
/// distribution each. The divergence of a regime counts α² / β, where α is its part of the best experiments and β its part of all.
///
/// Sources: Watanabe, Bansal, Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", IJCAI
/// 2023, <https://arxiv.org/abs/2304.10255>. Conditional hyper-parameters: theorem 4.2 of <https://arxiv.org/abs/2601.20800>.
public struct Importance: Sendable, Hashable {
    /// One hyper-parameter.
    public struct Parameter: Sendable, Hashable {
        /// The name without its prefix, such as `lr`.
        public let name: String
        /// The part of the divergences of all hyper-parameters, 0 to 1; nil if the hyper-parameter has no ``Finding/rated``.
        public let share: Double?
        /// The share that the hyper-parameter has by chance: the highest in ``randomSelections`` selections of as many experiments
        /// as the best, at most 1. A useless hyper-parameter has a higher share with a probability of 1 in 20.
        public let chance: Double?
        /// The scale of the largest regime; nil if no experiment has the hyper-parameter.
        public let scale: ParameterScale?
        /// The number of experiments that have the hyper-parameter.
        public let count: Int
        /// The reason for a share that is missing.
        public let finding: Finding

        /// True if the share is higher than chance explains.
        public var isAboveChance: Bool { share.map { $0 > chance ?? 0 } ?? false }
    }

    /// The result of a hyper-parameter.
    public enum Finding: String, Sendable, Hashable, CaseIterable {
        /// It has a share.
        case rated
        /// All experiments that have it have the same value.
        case constant
        /// It has words of which most occur fewer than 5 times, for example the name of a file.
        case unique
        /// The data have no shares, see ``Limitation``.
        case none
    }

    /// The reason why no hyper-parameter has a share.
    public enum Limitation: String, Sendable, Hashable, CaseIterable {
        /// There are fewer than ``minCount`` experiments.
        case tooFew = "too few"
        /// All objectives are equal, or at least as many as not to tell a best part.
        case equalObjectives = "equal objectives"
        /// No hyper-parameter differs between the best experiments and all.
        case noDifference = "no difference"
    }

    /// The hyper-parameters, the most important first. Those without a share are last, by name.
    public let parameters: [Parameter]
    /// The number of experiments with a finite objective.
    public let count: Int
    /// The number of best experiments. It is more than the tenth if objectives are equal to that of the last one.
    public let bestCount: Int
    /// The reason why no hyper-parameter has a share; nil if some have.
    public let limitation: Limitation?

    /// The number of experiments below which there are no shares.
    public static let minCount = 10
    /// The number of best experiments below which shares are not reliable.
    public static let reliableBestCount = 5
    /// The part of the experiments that are the best.
    public static let bestPart = 0.1
    /// The number of random selections. The highest of 19 and the best are 20 equally probable ranks.
    public static let randomSelections = 19

    /// Computes the importance.
    ///
    /// The result depends on the data only: random selections have a fixed seed.
    ///
    /// - Parameters:
    ///   - data: the experiments.
    ///   - lowestIsBest: true if low objectives are better.
    public init(of data: ImportanceData, lowestIsBest: Bool) {
        let count = data.objectives.count
        guard count >= Self.minCount else {
            self.init(withoutShares: data, bestCount: 0, limitation: .tooFew)
            return
        }
        let isBest = Self.best(of: data.objectives, lowestIsBest: lowestIsBest)
        let bestCount = isBest.reduce(0) { $0 + ($1 ? 1 : 0) }
        guard bestCount < count else {
            self.init(withoutShares: data, bestCount: bestCount, limitation: .equalObjectives)
            return
        }
        var best: [Int32] = []
        for (index, isBest) in isBest.enumerated() where isBest { best.append(Int32(index)) }
        let selections = RandomSelections(of: bestCount, from: count, number: Self.randomSelections)
        let rated = data.parameters.map { parameter in
            RatedParameter(parameter, groups: data.groups, best: best, random: selections)
        }
        let total = rated.reduce(0) { $0 + ($1.finding == .rated ? $1.divergence : 0) }
        guard total > 0 else {
            self.init(withoutShares: data, bestCount: bestCount, limitation: .noDifference)
            return
        }
        let parameters = rated.map { rated in
            let isRated = rated.finding == .rated
            return Parameter(
                name: rated.name, share: isRated ? rated.divergence / total : nil,
                chance: isRated ? min(rated.randomDivergence / total, 1) : nil, scale: rated.scale, count: rated.count,
                finding: rated.finding)
        }
        self.init(parameters, count: count, bestCount: bestCount, limitation: nil)
    }

    private init(_ parameters: [Parameter], count: Int, bestCount: Int, limitation: Limitation?) {
        self.parameters = parameters.sorted(by: Self.isBefore)
        self.count = count
        self.bestCount = bestCount
        self.limitation = limitation
    }

    private init(withoutShares data: ImportanceData, bestCount: Int, limitation: Limitation) {
        let parameters = data.parameters.map { parameter in
            Parameter(
                name: parameter.name, share: nil, chance: nil,
                scale: parameter.regimes(groups: data.groups).first?.scale,
                count: parameter.presentCount, finding: .none)
        }
        self.init(parameters, count: data.objectives.count, bestCount: bestCount, limitation: limitation)
    }

    private static func isBefore(_ left: Parameter, _ right: Parameter) -> Bool {
        let shares = (left.share ?? -1, right.share ?? -1)
        guard shares.0 == shares.1 else { return shares.0 > shares.1 }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    /// Returns the same importance with other names of the hyper-parameters.
    package func renamed(_ newName: (String) -> String) -> Importance {
        let renamed = parameters.map { one in
            Parameter(
                name: newName(one.name), share: one.share, chance: one.chance, scale: one.scale, count: one.count,
                finding: one.finding)
        }
        return Importance(renamed, count: count, bestCount: bestCount, limitation: limitation)
    }

    /// Returns whether each experiment is one of the best: those at least as good as the last one of the best tenth. So the order of
    /// the data does not decide among equal objectives.
    private static func best(of objectives: [Double], lowestIsBest: Bool) -> [Bool] {
        let position = Int((bestPart * Double(objectives.count)).rounded(.up)) - 1
        let last = objectives.sorted(by: lowestIsBest ? { $0 < $1 } : { $0 > $1 })[position]
        return objectives.map { lowestIsBest ? $0 <= last : $0 >= last }
    }
}

/// Random selections of experiments, the same for all hyper-parameters.
struct RandomSelections {
    private(set) var selections: [[Int32]] = []

    /// Draws selections without repetition, by the algorithm of Fisher and Yates.
    init(of size: Int, from count: Int, number: Int) {
        var generator = SplitMix64(seed: 0x6879_7065_726F)
        var indexes = (0..<Int32(count)).map { $0 }
        for _ in 0..<number {
            for position in 0..<size {
                // The bias of the remainder is below 2^-32 for as many experiments as fit into memory.
                indexes.swapAt(position, position + Int(generator.next() % UInt64(count - position)))
            }
            selections.append(Array(indexes[..<size]))
        }
    }
}

/// The divergences of one hyper-parameter.
private struct RatedParameter {
    let name: String
    let scale: ParameterScale?
    let count: Int
    let finding: Importance.Finding
    private(set) var divergence = 0.0
    /// The highest divergence of a random selection.
    private(set) var randomDivergence = 0.0

    /// The number of experiments per category below which categories are rather names.
    private static let minPerCategory = 5
    /// The number of categories up to which any number of experiments is enough.
    private static let fewCategories = 10

    init(_ parameter: ParameterValues, groups: [Int32], best: [Int32], random: RandomSelections) {
        name = parameter.name
        let regimes = parameter.regimes(groups: groups)
        scale = regimes.first?.scale
        count = regimes.reduce(0) { $0 + $1.indexes.count }
        let usable = regimes.filter { regime in
            regime.scale.isNumeric || regime.valueCount <= Self.fewCategories
                || regime.indexes.count >= Self.minPerCategory * regime.valueCount
        }
        // A regime of one value or one experiment tells nothing.
        let varied = usable.filter { $0.valueCount > 1 && $0.indexes.count > 1 }
        finding = !varied.isEmpty ? .rated : usable.count < regimes.count ? .unique : .constant
        guard finding == .rated else { return }
        // The regime and the cell of each experiment.
        var places = [(regime: Int32, cell: Int32)](repeating: (-1, 0), count: groups.count)
        for (number, regime) in varied.enumerated() {
            for (index, cell) in zip(regime.indexes, regime.cells) { places[Int(index)] = (Int32(number), cell) }
        }
        let all = varied.map { regime in
            var counts = [Int](repeating: 0, count: regime.scale.cellCount)
            for cell in regime.cells { counts[Int(cell)] += 1 }
            return counts
        }
        let densities = zip(all, varied).map { GridDensity.probabilities(of: $0, isNumeric: $1.scale.isNumeric) }
        func divergence(of selection: [Int32]) -> Double {
            var selected = all.map { [Int](repeating: 0, count: $0.count) }
            for index in selection where places[Int(index)].regime >= 0 {
                selected[Int(places[Int(index)].regime)][Int(places[Int(index)].cell)] += 1
            }
            var sum = 0.0
            for (number, regime) in varied.enumerated() {
                let size = selected[number].reduce(0, +)
                guard size > 0 else { continue }
                let part = Double(size) / Double(selection.count)
                let partOfAll = Double(regime.indexes.count) / Double(groups.count)
                let density = GridDensity.probabilities(of: selected[number], isNumeric: regime.scale.isNumeric)
                sum += part * part / partOfAll * GridDensity.divergence(of: density, from: densities[number])
            }
            return sum
        }
        self.divergence = divergence(of: best)
        randomDivergence = random.selections.reduce(0) { max($0, divergence(of: $1)) }
    }
}
