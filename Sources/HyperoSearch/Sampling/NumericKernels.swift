import Glibc

/// The Parzen kernels of numbers: a normal distribution per observation, and one for the prior.
///
/// The center of a kernel is its observation. Its width σ is the larger of the distances to the two neighbors, where the bounds 0 and
/// 1 are the neighbors of the lowest and the highest observation. With two observations or more, these take the inner distance only.
/// For n observations, σ is at least 1 / min(100, 2 + n), and at most 1. The kernel of the prior is in the middle, with the width 1.
///
/// Between bounds, a kernel is truncated: its density is φ(z) / (σ Z), with z = (x - μ) / σ and Z = Φ((1 - μ) / σ) - Φ(-μ / σ). On
/// cells of the width h, it is the probability of the cell, (Φ(z + t / 2) - Φ(z - t / 2)) / Z with t = h / σ. Without bounds, Z is 1
/// and the mean of the prior 0.
///
/// Sources: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4, for the widths.
/// Watanabe, "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components", arXiv 2304.11127, for their bounds.
struct NumericKernels {
    private let support: ParameterAxis.Support
    private(set) var centers: [Double]
    private(set) var widths: [Double]
    /// The logarithms of the kernels as polynomials in z; empty for less than ``minSeriesCells`` cells.
    private let series: [Series]
    /// For less than ``minSeriesCells`` cells, the first kernel with the same center and width as each kernel; else empty.
    private let equals: [Int]

    /// The number of cells from which the logarithm of their probability is a series. Then t is at most 0.5, and the error below 0.001
    /// for z up to 4.
    private static let minSeriesCells = 200.0

    /// The logarithm of a kernel, c + z² (a + b z²).
    ///
    /// For a density, a = -1/2 and b = 0. For the probability of a cell, the expansion of the logarithm of the integral in t has
    /// a = -1/2 + t²/24 - t⁴/720 and b = -t⁴/2880.
    private struct Series {
        let center, scale, a, b, c: Double

        init(center: Double, width: Double, cell: Double?, inside: Double) {
            (self.center, scale) = (center, 1 / width)
            let constant = -log(inside) - 0.5 * log(2 * Double.pi)
            if let cell {
                let t = cell / width
                let (t2, t4) = (t * t, t * t * t * t)
                (a, b) = (-0.5 + t2 / 24 - t4 / 720, -t4 / 2_880)
                c = constant + log(t) - t2 / 24 + t4 / 1_440
            } else {
                (a, b) = (-0.5, 0)
                c = constant - log(width)
            }
        }
    }

    /// - Parameter observations: The coordinates of observations, in any order. Their kernels are in this order, before that of the
    ///   prior.
    init(_ observations: [Double], on support: ParameterAxis.Support) {
        self.support = support
        var isBounded = true
        var cells: Double?
        if case .line = support { isBounded = false }
        if case .cells(let count) = support { cells = count }
        let sorted = observations.enumerated().map { SortedObservation($0.element, $0.offset) }.sorted()
        centers = observations + [isBounded ? 0.5 : 0]
        widths = Self.widths(of: sorted, isBounded: isBounded) + [1]
        if let cells, cells < Self.minSeriesCells {
            series = []
            equals = Self.equals(of: sorted, widths: widths)
        } else {
            equals = []
            series = zip(centers, widths).map { center, width in
                let inside = isBounded ? normalMass(from: -center / width, to: (1 - center) / width) : 1
                return Series(center: center, width: width, cell: cells.map { 1 / $0 }, inside: inside)
            }
        }
    }

    private static func widths(of sorted: [SortedObservation], isBounded: Bool) -> [Double] {
        let count = sorted.count
        let narrowest = 1 / min(100, 2 + Double(count))
        var widths = Array(repeating: 1.0, count: count)
        for (place, observation) in sorted.enumerated() {
            let isFirst = place == 0
            let isLast = place == count - 1
            let before = isFirst ? (isBounded ? observation.value : 1) : observation.value - sorted[place - 1].value
            let after = isLast ? (isBounded ? 1 - observation.value : 1) : sorted[place + 1].value - observation.value
            let distance = count > 1 && isFirst ? after : count > 1 && isLast ? before : max(before, after)
            widths[observation.index] = min(max(distance, narrowest), 1)
        }
        return widths
    }

    private static func equals(of sorted: [SortedObservation], widths: [Double]) -> [Int] {
        var equals = Array(0..<widths.count)
        var start = 0
        for place in sorted.indices {
            if sorted[place].value != sorted[start].value { start = place }
            let index = sorted[place].index
            // Observations with one value have at most three widths, which the first, the second and the last of them have.
            for other in [start, start + 1] where other < place && widths[sorted[other].index] == widths[index] {
                equals[index] = equals[sorted[other].index]
                break
            }
        }
        return equals
    }

    /// Draws a coordinate from a kernel.
    func draw(fromKernel kernel: Int, using generator: inout Xoshiro256) -> Double {
        let (center, width) = (centers[kernel], widths[kernel])
        if case .line = support { return center + width * generator.normal() }
        var coordinate = center
        // More than a third of a kernel is inside of the bounds, so 64 draws outside have a probability below 1e-10.
        for _ in 0..<64 {
            coordinate = center + width * generator.normal()
            if coordinate >= 0, coordinate <= 1 { break }
        }
        coordinate = min(max(coordinate, 0), 1)
        guard case .cells(let count) = support else { return coordinate }
        return (min((coordinate * count).rounded(.down), count - 1) + 0.5) / count
    }

    /// Adds the logarithm of each kernel's density at each candidate.
    ///
    /// - Parameter sums: A row of kernels per candidate.
    func addLogDensities(of candidates: [Double], to sums: UnsafeMutableBufferPointer<Double>) {
        let count = centers.count
        for (row, candidate) in candidates.enumerated() {
            let sums = UnsafeMutableBufferPointer(rebasing: sums[row * count..<(row + 1) * count])
            if case .cells(let cells) = support, cells < Self.minSeriesCells {
                addLogMasses(at: candidate, cells: cells, to: sums)
            } else {
                series.withUnsafeBufferPointer { series in
                    for kernel in 0..<count {
                        let terms = series[kernel]
                        let distance = (candidate - terms.center) * terms.scale
                        let square = distance * distance
                        sums[kernel] += terms.c + square * (terms.a + square * terms.b)
                    }
                }
            }
        }
    }

    private func addLogMasses(at candidate: Double, cells: Double, to sums: UnsafeMutableBufferPointer<Double>) {
        var logarithms = Array(repeating: 0.0, count: centers.count)
        // A kernel is after the one that it equals.
        for kernel in centers.indices {
            if equals[kernel] == kernel {
                let (center, scale) = (centers[kernel], 1 / widths[kernel])
                let inside = normalMass(from: -center * scale, to: (1 - center) * scale)
                let distance = candidate - center
                let mass = normalMass(from: (distance - 0.5 / cells) * scale, to: (distance + 0.5 / cells) * scale)
                logarithms[kernel] = log(max(mass, 1e-300) / inside)
            } else {
                logarithms[kernel] = logarithms[equals[kernel]]
            }
            sums[kernel] += logarithms[kernel]
        }
    }
}

/// An observation and its index, in the order of the values and then of the indexes.
private struct SortedObservation: Comparable {
    let value: Double
    let index: Int

    init(_ value: Double, _ index: Int) {
        self.value = value
        self.index = index
    }

    static func < (left: Self, right: Self) -> Bool {
        left.value != right.value ? left.value < right.value : left.index < right.index
    }
}

/// Returns Φ(high) - Φ(low), where Φ is the distribution function of the normal distribution.
private func normalMass(from low: Double, to high: Double) -> Double {
    // Mirrored to the left tail, where the difference does not cancel.
    let (low, high) = low > 0 ? (-high, -low) : (low, high)
    return 0.5 * (erfc(-high * 0.5.squareRoot()) - erfc(-low * 0.5.squareRoot()))
}
