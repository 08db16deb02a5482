import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization

/// One training run of a battery.
///
/// ```swift
/// let experiment = battery.experiment()
/// let lr = experiment.logUniform("lr", 0.00001, 0.1)
/// for epoch in 1...100 {
///     …
///     experiment.log(epoch: epoch, train: 0.91, valid: 0.80, test: 0.79)
/// }
/// experiment.finish()
/// ```
///
/// No method throws or waits for Redis, and all are safe to call from any thread. A call outside the limits of the
/// contract (a name of more than 256 bytes, a negative epoch) records nothing and is counted in
/// ``Counters/Dropped/invalid``. The sampling methods have preconditions on their bounds and weights: a violation ends
/// the process.
///
/// The first call of ``finish()``, ``fail(_:)`` or ``stop(_:)`` ends the experiment. Later ends and rows are ignored and
/// counted in ``Counters/Dropped/ended``. Hyper-parameters, metadata and maxima may still be recorded.
///
/// Created by ``Battery/experiment()``, which records the start of the experiment.
public final class Experiment: Sendable {
    /// The id of the experiment in Redis, for example `k3v9x2mq7d-17`.
    public let id: String

    let client: Client
    let battery: BatteryHandle
    let subject: Journal.Subject
    /// The start of a resumed experiment, which a forked child repeats before its first event; nil for other experiments.
    let resumption: (event: Event.Start, time: Int64)?
    /// The bytes of ``Record/battery``, which a log call copies.
    ///
    /// Immutable, and at one address until `deinit`, so threads share the bytes without a lock.
    nonisolated(unsafe) let batteryBytes: UnsafeRawBufferPointer
    /// The bits of ``ExperimentMarks``.
    let marks = Atomic<UInt64>(0)
    /// The source of the hyper-parameters that are drawn.
    let source: ParameterSource
    /// The trial of a search that the experiment is; nil for other experiments.
    let trial: Trial?
    /// The signal of the trial, which keeps it; nil for other experiments.
    let stopSignal: Unmanaged<StopSignal>?
    private let shared = SharedState()

    init(of battery: BatteryHandle, client: Client) {
        self.client = client
        self.battery = battery
        let (producer, seed, subject) = client.journal.beginExperiment()
        self.subject = subject
        resumption = nil
        trial = nil
        stopSignal = nil
        batteryBytes = battery.bytes
        id = ExperimentID(producer: producer, number: UInt64(subject.experiment)).text
        source = ParameterSource(seed: seed, number: UInt64(subject.experiment))
        let start = Event.Start(host: HostIdentity.hostName, pid: String(getpid()), seed: String(seed))
        _ = client.declare(battery, for: self)
        _ = client.record(.start(start), of: self, time: client.timeOfChange())
    }

    /// Resumes an experiment that another process has started. See ``Battery/experiment(resuming:from:attempt:)``.
    init(resuming id: String, of battery: BatteryHandle, client: Client, attempt: Int?, from epoch: Int?) {
        let obstacle = client.obstacle(toResuming: id)
        let isValid = obstacle == nil
        self.id = isValid ? id : printable(id)
        self.client = client
        // A handle of its own: a forked child repeats the start when it declares the battery for this experiment. The events of
        // an invalid battery are dropped.
        self.battery =
            isValid
            ? BatteryHandle(copyOf: battery) : BatteryHandle(Event.Declaration(name: "", version: 1, description: ""))
        let resumed = ExperimentID(id).map { Journal.ResumedExperiment(id: $0, battery: battery.id) }
        let needsAttempt = attempt == nil && isValid && !SearchID.isTrial(id)
        let (seed, subject) = client.journal.resumeExperiment(needsAttempt ? resumed : nil)
        self.subject = subject
        trial = nil
        stopSignal = nil
        batteryBytes = Self.bytes(of: battery, experiment: id)
        // As in the process that has started the experiment, if both have the same seed.
        let number = id.split(separator: "-").last.flatMap { UInt64($0) } ?? ExperimentMarks.hash(id.utf8)
        source = ParameterSource(seed: seed, number: number)
        var from = epoch
        if let epoch, epoch < 0 || epoch > Int(Limits.integer) { from = nil }
        let start = Event.Start(
            host: HostIdentity.hostName, pid: String(getpid()), seed: String(seed), attempt: attempt.map { max($0, 1) },
            from: from
        )
        let time = client.timeOfChange()
        resumption = (start, time)
        if let obstacle {
            client.reportNotResumed(obstacle)
            return
        }
        if let epoch, from == nil {
            client.report(
                "first epoch of a resumed experiment left out: \(epoch) of the experiment \(id)",
                because: "must be an integer from 0 to \(Limits.integer)")
        }
        _ = client.declare(self.battery, for: self)
        _ = client.record(.start(start), of: self, time: time)
    }

    /// Starts a trial of a search.
    ///
    /// - Parameters:
    ///   - grant: The trial.
    ///   - asof: The last entry of the history that the sampler has used; nil if it uses none.
    init(
        _ trial: Trial, _ grant: TrialGrant, of battery: BatteryHandle, client: Client, seed: UInt64, asof: String?,
        source: ParameterSource
    ) {
        id = trial.id
        self.client = client
        self.trial = trial
        stopSignal = Unmanaged.passUnretained(trial.signal)
        self.source = source
        // A handle of its own: a forked child repeats the start when it declares the battery for this experiment.
        self.battery = BatteryHandle(copyOf: battery)
        subject = client.journal.resumeExperiment(nil).subject
        batteryBytes = Self.bytes(of: battery, experiment: id)
        var start = Event.Start(
            host: HostIdentity.hostName, pid: String(getpid()), seed: String(seed), attempt: grant.attempt,
            token: grant.token)
        start.asof = asof.flatMap { StreamID($0) }
        let time = client.timeOfChange()
        resumption = (start, time)
        self.battery.setDeclared(in: subject.generation)
        client.board.add(trial.signal)
        _ = client.record(.start(start), of: self, time: time)
    }

    deinit {
        if let trial { client.board.remove(trial.signal) }
        if isResumed { batteryBytes.deallocate() }
    }

    /// Returns the bytes of ``Record/battery`` of an experiment whose id does not follow from its producer.
    private static func bytes(of battery: BatteryHandle, experiment id: String) -> UnsafeRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: battery.bytes.count + 1 + id.utf8.count, alignment: 8)
        copy.copyBytes(from: Array(battery.bytes) + [RecordHeader.separator] + Array(id.utf8))
        return UnsafeRawBufferPointer(copy)
    }

    /// true if another process has started the experiment, or may have: it is resumed or a trial.
    var isResumed: Bool { subject.experiment == RecordHeader.resumed }

    @discardableResult
    func record(_ body: Event.Body) -> Bool {
        client.record(body, of: self)
    }

    /// Remembers a channel that the experiment has logged, for a notice.
    ///
    /// A forked child gives no notice for an inherited experiment, and leaves the list alone: another thread of the parent may
    /// have been changing the list during the fork.
    ///
    /// - Parameter mark: The channel's bit of ``ExperimentMarks``.
    @inline(never)
    func remember(channel: String, mark: UInt64) {
        if isOwn {
            client.journal.withLock {
                if shared.channels.count < Self.maxChannels, !shared.channels.contains(channel) {
                    shared.channels.append(channel)
                }
            }
        }
        marks.bitwiseOr(mark, ordering: .relaxed)
    }

    /// true if this process has started or resumed the experiment, false in a forked child.
    var isOwn: Bool { subject.generation == client.journal.generation }

    /// The names of channels that the experiment has logged, at most ``maxChannels``. They are only complete until the
    /// objective is logged. Only for an experiment that ``isOwn``.
    var loggedChannels: [String] { client.journal.withLock { shared.channels } }

    private static let maxChannels = 16
}

/// The state that all threads of an experiment share.
private final class SharedState: @unchecked Sendable {
    // Protected by the journal's lock.
    var channels: [String] = []
}
