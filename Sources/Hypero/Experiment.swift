import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

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
/// Created by ``Battery/experiment()``, which records the start of the experiment.
public final class Experiment: Sendable {
    /// The id of the experiment in Redis, for example `k3v9x2mq7d-17`.
    public let id: String

    let client: Client
    let battery: BatteryHandle
    let subject: Journal.Subject
    private let generator: SharedSampler

    init(of battery: BatteryHandle, client: Client) {
        self.client = client
        self.battery = battery
        let (producer, seed, subject) = client.journal.beginExperiment()
        self.subject = subject
        id = ExperimentID(producer: producer, number: UInt64(subject.experiment)).text
        generator = SharedSampler(Sampler(seed: seed, stream: UInt64(subject.experiment)))
        let start = Event.Start(host: HostIdentity.hostName, pid: String(getpid()), seed: String(seed))
        _ = client.declare(battery)
        client.record(.start(start), battery: battery, subject: subject)
    }

    /// Draws from the experiment's random number generator.
    func draw<Value>(_ body: (inout Sampler) -> Value) -> Value {
        // Draws are too rare for a lock of their own. A fork does not wait for the lock: if another thread was drawing, the
        // child continues from any state between two draws, which is random too.
        client.journal.withLock { body(&generator.sampler) }
    }

    func record(_ body: Event.Body) {
        client.record(body, battery: battery, subject: subject)
    }
}

/// The random number generator that all threads of an experiment share.
private final class SharedSampler: @unchecked Sendable {
    // Protected by the journal's lock.
    var sampler: Sampler

    init(_ sampler: Sampler) {
        self.sampler = sampler
    }
}
