import HyperoCore
import HyperoSchema
import Synchronization

/// A group of experiments that are ranked together, identified by its name, version and description.
///
/// ```swift
/// let battery = hypero.battery("digits", version: 2, description: "wider hidden layer")
/// for _ in 0..<20 { train(battery.experiment()) }
/// ```
///
/// Created by ``Hypero/battery(_:version:description:objective:direction:directions:)``.
public struct Battery: Sendable {
    /// The id of the battery in Redis, for example `rnn-visual-attention.v3.b44afc5e`.
    public var id: String { handle.id.text }

    let handle: BatteryHandle
    let client: Client

    /// The reason why the battery records nothing, as the predicate of a sentence; nil if it is within the limits.
    package var violation: String? { Event.Body.battery(handle.declaration).violation }

    /// Returns the reason why an experiment cannot be resumed, with the id; nil if it can.
    package func obstacle(toResuming id: String) -> String? { client.obstacle(toResuming: id) }

    /// Starts an experiment. Records the battery's declaration and then the experiment's start.
    public func experiment() -> Experiment {
        Experiment(of: handle, client: client)
    }

    /// Resumes an experiment that this or another process has started, for example from a checkpoint.
    ///
    /// ```swift
    /// let experiment = battery.experiment(resuming: checkpoint.experimentID, from: checkpoint.epoch + 1)
    /// ```
    ///
    /// The experiment keeps its id, its hyper-parameters and the rows before `epoch`. The rows of `epoch` and later ones are
    /// withdrawn, including rows of the earlier process that arrive later. The experiment is `running` again, also if it has
    /// ended. With the seed of the earlier process, all draws are repeated.
    ///
    /// An id outside the limits is reported, and its events are dropped as ``Counters/Dropped/invalid``.
    ///
    /// - Parameters:
    ///   - id: The ``Experiment/id`` of an experiment of this battery, 1 to 64 characters of `a-z 0-9 -`. With several
    ///     partitions, give it to `Hypero.connect(resuming:)` too: the experiment of another partition is reported, and its
    ///     events are dropped.
    ///   - epoch: The first epoch that this process logs, from 0 to 2^53 - 1; nil to withdraw no row. An invalid epoch is
    ///     reported, and left out.
    ///   - attempt: The number of this process among those that ran the experiment, from 1. It tells the order of the processes
    ///     if the clocks of their hosts differ: a lower one than another process' makes this process an earlier one, whose rows
    ///     from the `epoch` of the later one on are withdrawn. nil for the next one: the background thread reads the last one
    ///     from Redis before it sends the start, if the account may (HGET on the experiment's key), and else takes 2.
    public func experiment(resuming id: String, from epoch: Int? = nil, attempt: Int? = nil) -> Experiment {
        Experiment(resuming: id, of: handle, client: client, attempt: attempt, from: epoch)
    }

    /// Returns a search for good hyper-parameters, whose trials any number of processes share.
    ///
    /// ```swift
    /// for experiment in battery.search(trials: 200, stopping: .halving(epochs: 81)) { train(experiment) }
    /// ```
    ///
    /// All processes make it with the same arguments. The name and the seed are its identity in the battery: another seed is another search. The
    /// first declaration counts, and a later one with more `trials` raises their number, also after the search has ended.
    ///
    /// - Parameters:
    ///   - trials: The number of trials, 1 to 1,000,000.
    ///   - seed: The seed of all draws. With ``Search/Sampler/random``, the hyper-parameters of a trial depend only on the seed, the number of
    ///     the trial, their names and their distributions. With ``Search/Sampler/tpe``, they depend on the trials that had ended, too.
    ///   - name: The name of the search, 1 to 256 bytes of UTF-8 without control characters.
    ///   - sampler: The source of the hyper-parameters.
    ///   - stopping: The rule that stops bad trainings early; nil for none.
    ///   - attempts: The number of processes that may get one trial, 1 to 100. After that many are lost, the trial ends as `failed`.
    ///   - lease: The time without a sign of life after which a trial is lost, 1 second to 30 days. A process gives such signs by itself.
    public func search(
        trials: Int, seed: UInt64 = 1, name: String = "search", sampler: Search.Sampler = .tpe,
        stopping: Search.Stopping? = nil, attempts: Int = 3, lease: Duration = .seconds(600)
    ) -> Search {
        let declaration = Event.Search(
            id: SearchID(battery: handle.id, name: name, seed: seed), name: name, seed: seed, trials: trials,
            sampler: sampler.rawValue, attempts: attempts, lease: lease.wholeMilliseconds, stopping: stopping?.declared)
        return Search(declaration, sampler: sampler, of: handle, client: client)
    }

    /// Runs a training in an experiment, and ends the experiment.
    ///
    /// ```swift
    /// let model = try battery.withExperiment { experiment in
    ///     try train(rate: experiment.logUniform("lr", 1e-5, 0.1), log: experiment)
    /// }
    /// ```
    ///
    /// - Parameter body: The training. If it returns, the experiment is `done`. If it throws, the experiment is `failed`, and the
    ///   description of the error is the reason. A body that has ended the experiment itself decides the status.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body.
    public func withExperiment<Result, Failure: Error>(
        _ body: (Experiment) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let experiment = experiment()
        do {
            let result = try body(experiment)
            experiment.finishUnlessEnded()
            return result
        } catch {
            experiment.failUnlessEnded(error)
            throw error
        }
    }
}

/// The part of a battery that the records of its experiments need.
final class BatteryHandle: Sendable {
    let id: BatteryID
    let declaration: Event.Declaration
    /// true if the declaration is within the limits of the contract. The events of an invalid battery are dropped.
    let isValid: Bool
    /// The ``Journal/generation`` whose producer has declared the battery; ``notDeclared`` before.
    ///
    /// Stored after the declaration has its sequence number. A log call that sees its own generation here therefore gets
    /// a higher one.
    private let declaredGeneration = Atomic<UInt32>(notDeclared)

    private static let notDeclared = UInt32.max

    /// The hash of the objective's name, and its bit of ``ExperimentMarks``.
    let objectiveHash: UInt64
    let objectiveMark: UInt64
    /// true once an experiment was reported that has not logged the objective.
    private let hasReportedUnranked = Atomic<Bool>(false)

    /// The UTF-8 bytes of the id, which a log call copies.
    ///
    /// Immutable, and at one address until `deinit`, so threads share the bytes without a lock.
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    /// A long description must not drop all events of the battery: the declaration has its first part, and the id is that of
    /// the whole description.
    convenience init(_ whole: Event.Declaration) {
        var declaration = whole
        declaration.description = EndReason.text(of: whole.description)
        self.init(
            declaration, BatteryID(name: whole.name, version: whole.version, description: whole.description))
    }

    /// Creates a handle that is not declared yet.
    convenience init(copyOf other: BatteryHandle) {
        self.init(other.declaration, other.id)
    }

    private init(_ declaration: Event.Declaration, _ id: BatteryID) {
        self.declaration = declaration
        self.id = id
        objectiveHash = ExperimentMarks.hash(declaration.objective.utf8)
        objectiveMark = ExperimentMarks.mark(of: declaration.objective.utf8, objectiveHash: objectiveHash)
        isValid = Event.Body.battery(declaration).violation == nil
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: id.text.utf8.count, alignment: 8)
        copy.copyBytes(from: id.text.utf8)
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit {
        bytes.deallocate()
    }

    /// Returns true at the first call.
    func isFirstUnranked() -> Bool {
        !hasReportedUnranked.exchange(true, ordering: .relaxed)
    }

    /// Returns whether the producer of a generation has declared the battery.
    @inline(__always)
    func isDeclared(in generation: UInt32) -> Bool {
        declaredGeneration.load(ordering: .acquiring) == generation
    }

    func setDeclared(in generation: UInt32) {
        declaredGeneration.store(generation, ordering: .releasing)
    }
}
