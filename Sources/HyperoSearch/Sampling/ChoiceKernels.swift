import Glibc

/// The Parzen kernels of choices: a distribution over the choices per observation, and the prior.
///
/// For n observations and C choices with the probabilities p in the prior, the kernel of the observation o has the probability
/// ([c = o] + C p(c) / (n + 1)) / (1 + C / (n + 1)) at the choice c.
///
/// Source: Watanabe, "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components", arXiv 2304.11127, section 3.3. With
/// weights: Bergstra, Yamins, Cox, "Making a Science of Model Search", ICML 2013, whose implementation adds C p(c) counts.
struct ChoiceKernels {
    private let observations: [Int]
    private let prior: [Double]
    /// C / (n + 1)
    private let smoothing: Double

    /// - Parameters:
    ///   - observations: The indexes of the choices that were observed.
    ///   - prior: The probabilities of the choices.
    init(_ observations: [Double], prior: [Double]) {
        self.observations = observations.map { Int($0) }
        self.prior = prior
        smoothing = Double(prior.count) / Double(observations.count + 1)
    }

    /// Draws the index of a choice from a kernel.
    func draw(fromKernel kernel: Int, using generator: inout Xoshiro256) -> Double {
        if kernel < observations.count, generator.unit() * (1 + smoothing) < 1 { return Double(observations[kernel]) }
        var remaining = generator.unit()
        var chosen = 0
        for (index, probability) in prior.enumerated() where probability > 0 {
            chosen = index
            remaining -= probability
            if remaining < 0 { break }
        }
        return Double(chosen)
    }

    /// Adds the logarithm of each kernel's probability at each candidate.
    ///
    /// - Parameter sums: A row of kernels per candidate.
    func addLogDensities(of candidates: [Double], to sums: UnsafeMutableBufferPointer<Double>) {
        let count = observations.count + 1
        for (row, candidate) in candidates.enumerated() {
            let choice = Int(candidate)
            let other = log(smoothing * prior[choice] / (1 + smoothing))
            let same = log((1 + smoothing * prior[choice]) / (1 + smoothing))
            for (kernel, observation) in observations.enumerated() {
                sums[row * count + kernel] += observation == choice ? same : other
            }
            sums[row * count + count - 1] += log(prior[choice])
        }
    }
}
