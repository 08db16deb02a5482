import HyperoSchema
import Synchronization

/// The trial of a search that an experiment is.
struct Trial: Sendable {
    /// The number of the trial in its search, 1, 2, ….
    let number: Int
    /// The id of the experiment, `<search>-<number>`.
    let id: String
    /// The number of this process among those that got the trial, 1, 2, ….
    let attempt: Int
    /// The last epoch with a row of earlier attempts; 0 for none.
    let lastEpoch: Int
    let signal: StopSignal
}

// Trials of a search.
extension Experiment {
    /// true if the training must stop: the search stops it because others are better, or has given the trial to another process.
    ///
    /// ```swift
    /// for epoch in 1...81 {
    ///     experiment.log(epoch: epoch, ["loss": train()])
    ///     if experiment.shouldStop { break }
    /// }
    /// ```
    ///
    /// Reads one atomic, and waits for nothing: the ingest decides, and the background thread reads its decision milliseconds after it has
    /// sent a row. Once true, it stays true. Always false outside a search. A training that has read true ends as `stopped`, with
    /// ``stopReason``, when ``finish()`` or the loop over the search ends it.
    @inline(__always)
    public var shouldStop: Bool {
        // A reference to an object that the experiment keeps: to retain and to release it would cost ten times as much as the load.
        stopSignal?._withUnsafeGuaranteedRef { signal in
            guard signal.isSet.load(ordering: .relaxed) else { return false }
            signal.isSeen.store(true, ordering: .relaxed)
            return true
        } ?? false
    }

    /// The reason why the training must stop, for people to read, for example `rung 9: 14th of 31, halving keeps 10`; nil while
    /// ``shouldStop`` is false.
    public var stopReason: String? { trial.flatMap { client.board.reason(of: $0.signal) } }

    /// The number of the trial in its search: 1, 2, …. nil outside a search.
    public var trialNumber: Int? { trial?.number }

    /// The number of this process among those that got the trial: 1, or more if the processes before are lost. 1 outside a search.
    public var attempt: Int { trial?.attempt ?? 1 }

    /// The last epoch that earlier attempts of the trial have logged; 0 for none, and outside a search.
    ///
    /// A training that has a checkpoint of it goes on with the next epoch. One that has none begins with the first epoch again, and its
    /// rows replace the earlier ones.
    public var lastEpoch: Int { trial?.lastEpoch ?? 0 }
}
