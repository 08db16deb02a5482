import Glibc

/// The ticks of an axis with a logarithmic scale.
package enum LogTicks {
    /// The number of decades below which an axis has linear ticks.
    private static let linearDecades = 0.5
    /// The number of decades below which an axis has ticks at 1, 2 and 5.
    private static let denseDecades = 2.0
    /// The part of a bound within which it counts as a tick.
    private static let tolerance = 1e-9

    /// Returns the ticks: powers of 10, below two decades 1, 2 and 5 times powers of 10, and below half a decade those of a
    /// linear axis.
    ///
    /// - Parameters:
    ///   - low: the lowest value of the data, greater than 0.
    ///   - high: the highest value of the data, finite.
    ///   - count: the wanted number of ticks. The result may have more or fewer of them.
    ///   - isLoose: true if the first and the last tick must enclose the data. Both are then 1, 2 or 5 times a power of 10.
    package static func ticks(
        from low: Double, to high: Double, count: Int, isLoose: Bool = false
    ) -> [TickNumber] {
        let (low, high) = (min(low, high), max(low, high))
        let decades = log10(high) - log10(low)
        guard decades >= linearDecades else {
            let linear = LinearTicks.ticks(from: low, to: high, count: count, isLoose: isLoose).filter {
                $0.mantissa > 0
            }
            guard isLoose, let first = linear.first, first.value > low else { return linear }
            // A linear axis would begin at 0.
            return [lower(low)] + linear
        }
        let bounds = isLoose ? (lower(low), upper(high)) : nil
        let (least, greatest) = (bounds?.0.value ?? low, bounds?.1.value ?? high)
        let powers = Int(log10(least).rounded(.down))...Int(log10(greatest).rounded(.up))
        func isInside(_ tick: TickNumber) -> Bool {
            tick.value >= least * (1 - tolerance) && tick.value <= greatest * (1 + tolerance)
        }
        guard decades >= denseDecades else {
            return powers.flatMap { power in [1, 2, 5].map { TickNumber(mantissa: $0, exponent: power) } }.filter(
                isInside)
        }
        let stride = max(1, (powers.count - 1) / max(count, 1))
        let ticks = powers.filter { $0 % stride == 0 }.map { TickNumber(mantissa: 1, exponent: $0) }.filter(isInside)
        guard let bounds else { return ticks }
        return (ticks.contains(bounds.0) ? [] : [bounds.0]) + ticks + (ticks.contains(bounds.1) ? [] : [bounds.1])
    }

    /// Returns the greatest of 1, 2 and 5 times a power of 10 that is not above a value.
    private static func lower(_ value: Double) -> TickNumber {
        let power = Int(log10(value).rounded(.down))
        return candidates(around: power).last { $0.value <= value * (1 + tolerance) && $0.value > 0 }
            ?? TickNumber(mantissa: 1, exponent: power)
    }

    /// Returns the least of 1, 2 and 5 times a power of 10 that is not below a value and finite.
    private static func upper(_ value: Double) -> TickNumber {
        let power = Int(log10(value).rounded(.down))
        let candidates = candidates(around: power).filter { $0.value.isFinite }
        return candidates.first { $0.value >= value * (1 - tolerance) } ?? candidates[candidates.count - 1]
    }

    private static func candidates(around power: Int) -> [TickNumber] {
        (power - 1...power + 1).flatMap { power in [1, 2, 5].map { TickNumber(mantissa: $0, exponent: power) } }
    }
}
