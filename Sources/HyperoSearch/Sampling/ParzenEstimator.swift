import Glibc

/// The density of trials in the space of several hyper-parameters: the mean of a kernel per trial, and of one for the prior.
///
/// The kernel of a trial is the product of its kernels on the axes. So the hyper-parameters of a candidate come from one trial, and
/// the estimator knows their dependencies.
///
/// All kernels have the same weight. optuna and hyperopt give old trials a lower one, which makes no difference on the problems of
/// `Scripts/bench search`.
///
/// Source: Falkner, Klein, Hutter, "BOHB", ICML 2018, for several hyper-parameters together.
struct ParzenEstimator {
    private enum Kernels {
        case numbers(NumericKernels)
        case choices(ChoiceKernels)
    }

    private let axes: [Kernels]
    /// The number of kernels.
    private let count: Int

    /// - Parameters:
    ///   - observations: The coordinates of the trials, a list per axis.
    ///   - axes: At least one axis.
    init(_ observations: [[Double]], on axes: [ParameterAxis]) {
        count = (observations.first?.count ?? 0) + 1
        self.axes = zip(observations, axes).map { observations, axis in
            if case .choices(let prior) = axis.support {
                .choices(ChoiceKernels(observations, prior: prior))
            } else {
                .numbers(NumericKernels(observations, on: axis.support))
            }
        }
    }

    /// Draws candidates, each from a random kernel.
    ///
    /// - Returns: their coordinates, a list per axis.
    func candidates(_ number: Int, using generator: inout Xoshiro256) -> [[Double]] {
        var candidates = axes.map { _ in [Double]() }
        for _ in 0..<number {
            let kernel = min(Int(generator.unit() * Double(count)), count - 1)
            for (axis, kernels) in axes.enumerated() {
                switch kernels {
                case .numbers(let kernels): candidates[axis].append(kernels.draw(fromKernel: kernel, using: &generator))
                case .choices(let kernels): candidates[axis].append(kernels.draw(fromKernel: kernel, using: &generator))
                }
            }
        }
        return candidates
    }

    /// Returns the logarithm of the density at each candidate.
    ///
    /// - Parameter candidates: The coordinates of candidates, a list per axis.
    func logDensities(of candidates: [[Double]]) -> [Double] {
        let number = candidates.first?.count ?? 0
        var sums = Array(repeating: 0.0, count: number * count)
        return sums.withUnsafeMutableBufferPointer { sums in
            for (kernels, candidates) in zip(axes, candidates) {
                switch kernels {
                case .numbers(let kernels): kernels.addLogDensities(of: candidates, to: sums)
                case .choices(let kernels): kernels.addLogDensities(of: candidates, to: sums)
                }
            }
            return (0..<number).map { logMean(sums[$0 * count..<($0 + 1) * count]) }
        }
    }

    /// Returns the logarithm of the mean of the exponentials.
    private func logMean(_ logarithms: Slice<UnsafeMutableBufferPointer<Double>>) -> Double {
        var highest = -Double.infinity
        for logarithm in logarithms { highest = max(highest, logarithm) }
        guard highest.isFinite else { return highest }
        var sum = 0.0
        for logarithm in logarithms { sum += exp(logarithm - highest) }
        return highest + log(sum / Double(logarithms.count))
    }
}
