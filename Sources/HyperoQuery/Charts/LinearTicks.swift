import Glibc

/// The search for the best ticks of a linear axis.
///
/// Source: J. Talbot, S. Lin, P. Hanrahan, "An Extension of Wilkinson's Algorithm for Positioning Tick Labels on Axes", IEEE
/// Transactions on Visualization and Computer Graphics 16 (6), 2010. The weights and the numbers Q are those of the paper.
/// Legibility is 1 for all candidates: all texts are horizontal and in one size.
///
/// A candidate has the ticks `(start + i * skip) * q * 10^power` for i = 0, 1, …, count - 1.
package struct LinearTicks {
    private let low: Double
    private let high: Double
    private let wanted: Double
    private let isLoose: Bool
    private let isInteger: Bool
    private var best: Candidate?

    private struct Candidate {
        var score: Double
        /// The first tick in units of `q * 10^power`.
        var start: Int
        var skip: Int
        /// 10 times the number of Q.
        var tenths: Int
        var power: Int
        var count: Int
    }

    /// The numbers Q of the paper times 10, the best first: 1, 5, 2, 2.5, 4, 3.
    private static let tenths = [10, 50, 20, 25, 40, 30]
    private static let simplicityWeight = 0.25
    private static let coverageWeight = 0.2
    private static let densityWeight = 0.5
    private static let legibility = 0.05
    /// The score of a candidate that is worse than any useful one.
    private static let leastScore = -2.0
    private static let maxSkip = 16
    /// The part of a value below which a difference cannot have ticks of its own: a double has 16 digits.
    private static let leastRelativeRange = 1e-12
    /// The range below which a step may not be a normal double.
    private static let leastRange = 1e-290

    /// Returns the best ticks of an axis, ascending, at least two of them.
    ///
    /// - Parameters:
    ///   - low: the lowest value of the data, finite.
    ///   - high: the highest value of the data, finite.
    ///   - count: the wanted number of ticks. The result may have more or fewer of them.
    ///   - isLoose: true if the first and the last tick must enclose the data.
    ///   - isInteger: true for whole numbers only. A range of less than 1 then has one tick.
    package static func ticks(
        from low: Double, to high: Double, count: Int, isLoose: Bool = false, isInteger: Bool = false
    ) -> [TickNumber] {
        let (low, high) = (min(low, high), max(low, high))
        // One epoch has one tick, also if the axis is wider.
        if isInteger, high.rounded(.down) == low.rounded(.up), let only = Int(exactly: low.rounded(.up)) {
            return [TickNumber(mantissa: only, exponent: 0)]
        }
        if isInteger, high - low < 1 {
            return Int(exactly: low.rounded()).map { [TickNumber(mantissa: $0, exponent: 0)] } ?? []
        }
        // The range of two finite doubles may be infinite.
        guard (high - low).isFinite else {
            return ticks(from: low / 10, to: high / 10, count: count, isLoose: isLoose)
                .map { TickNumber(mantissa: $0.mantissa, exponent: $0.exponent + 1) }
                .filter { $0.value.isFinite }
        }
        let range = widened(low, high)
        // A range of whole numbers has only so many ticks, and without a limit no candidate would be dense enough.
        let most = isInteger ? range.high - range.low + 1 : .infinity
        var search = LinearTicks(
            low: range.low, high: range.high, wanted: min(Double(max(count, 2)), max(most, 2)), isLoose: isLoose,
            isInteger: isInteger)
        search.run()
        return search.ticks.filter { $0.value.isFinite }
    }

    /// Returns a range that is wide enough for ticks: equal values are in the middle of it.
    package static func widened(_ low: Double, _ high: Double) -> (low: Double, high: Double) {
        let size = max(abs(low), abs(high))
        guard high - low <= max(size * leastRelativeRange, leastRange) else { return (low, high) }
        let margin = size > leastRange / leastRelativeRange ? size * 0.05 : 0.5
        let greatest = Double.greatestFiniteMagnitude
        return (max(low - margin, -greatest), min(high + margin, greatest))
    }

    private init(low: Double, high: Double, wanted: Double, isLoose: Bool, isInteger: Bool) {
        self.low = low
        self.high = high
        self.wanted = wanted
        self.isLoose = isLoose
        self.isInteger = isInteger
    }

    private var ticks: [TickNumber] {
        guard let best else { return [] }
        return (0..<best.count).map {
            TickNumber(mantissa: (best.start + $0 * best.skip) * best.tenths, exponent: best.power - 1)
        }
    }

    private var bestScore: Double { best?.score ?? Self.leastScore }

    /// Examines the candidates in the order of the paper, and ends each loop when no further candidate of it can be better.
    private mutating func run() {
        for skip in 1...Self.maxSkip {
            for (index, tenths) in Self.tenths.enumerated() {
                let simplicity = 1 - Double(index) / Double(Self.tenths.count - 1) - Double(skip)
                if score(simplicity: simplicity + 1, coverage: 1, density: 1) < bestScore { return }
                examine(skip: skip, tenths: tenths, simplicity: simplicity)
            }
        }
    }

    private mutating func examine(skip: Int, tenths: Int, simplicity: Double) {
        var count = 2
        while true {
            let density = Double(count) >= wanted ? 2 - Double(count - 1) / (wanted - 1) : 1
            if score(simplicity: simplicity + 1, coverage: 1, density: density) < bestScore { return }
            let unit = Double(tenths) / 10
            let delta = (high - low) / Double(count + 1) / Double(skip) / unit
            var power = Int(log10(delta).rounded(.up))
            while true {
                let step = Double(skip) * unit * pow(10, Double(power))
                let coverage = maxCoverage(span: step * Double(count - 1))
                if score(simplicity: simplicity + 1, coverage: coverage, density: density) < bestScore { break }
                let isAllowed = !isInteger || power >= (tenths % 10 == 0 ? 0 : 1)
                if isAllowed {
                    examineStarts(
                        Candidate(score: 0, start: 0, skip: skip, tenths: tenths, power: power, count: count),
                        step: step, simplicity: simplicity)
                }
                power += 1
            }
            count += 1
        }
    }

    private mutating func examineStarts(_ candidate: Candidate, step: Double, simplicity: Double) {
        let skip = candidate.skip
        let first = Int((high / step).rounded(.down)) * skip - (candidate.count - 1) * skip
        let last = Int((low / step).rounded(.up)) * skip
        guard first <= last else { return }
        for start in first...last {
            let lowest = Double(start) * (step / Double(skip))
            let highest = lowest + step * Double(candidate.count - 1)
            // The tolerance is for bounds of the data that are ticks themselves.
            let tolerance = step * 1e-9
            if isLoose, lowest > low + tolerance || highest < high - tolerance { continue }
            let hasZero = start % skip == 0 && lowest <= tolerance && highest >= -tolerance
            let score = score(
                simplicity: simplicity + (hasZero ? 1 : 0), coverage: coverage(lowest, highest),
                density: density(candidate.count, lowest, highest))
            guard score > bestScore else { continue }
            best = candidate
            best?.score = score
            best?.start = start
        }
    }

    private func score(simplicity: Double, coverage: Double, density: Double) -> Double {
        Self.simplicityWeight * simplicity + Self.coverageWeight * coverage + Self.densityWeight * density
            + Self.legibility
    }

    private func coverage(_ lowest: Double, _ highest: Double) -> Double {
        let tenth = 0.1 * (high - low)
        let (above, below) = ((high - highest) / tenth, (low - lowest) / tenth)
        return 1 - 0.5 * (above * above + below * below)
    }

    private func maxCoverage(span: Double) -> Double {
        let range = high - low
        guard span > range else { return 1 }
        let half = (span - range) / 2 / (0.1 * range)
        return 1 - half * half
    }

    private func density(_ count: Int, _ lowest: Double, _ highest: Double) -> Double {
        let density = Double(count - 1) / (highest - lowest)
        let target = (wanted - 1) / (max(highest, high) - min(lowest, low))
        return 2 - max(density / target, target / density)
    }
}
