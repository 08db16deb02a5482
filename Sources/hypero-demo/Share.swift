/// The part of the experiments that one worker runs, and the seed it draws them from.
struct Share: Sendable, Equatable {
    let experiments: Int
    let seed: UInt64

    /// - Parameters:
    ///   - worker: 0 ..< workers.
    ///   - workers: among which the experiments are split as evenly as they go.
    ///   - seed: that of the whole run.
    init(worker: Int, of workers: Int, experiments: Int, seed: UInt64) {
        self.experiments = experiments / workers + (worker < experiments % workers ? 1 : 0)
        // Mixed, because plain sums would give worker 1 of seed 1 the draws of worker 0 of seed 2.
        var mixed = SplitMix64(seed: seed)
        for _ in 0..<worker { _ = mixed.next() }
        self.seed = mixed.next()
    }
}
