import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

/// One training of a battery: what it tries and how well it goes.
///
///     let experiment = battery.experiment()
///     let lr = experiment.logUniform("lr", 0.00001, 0.1)
///     for epoch in 1...100 {
///         …
///         experiment.log(epoch: epoch, train: 0.91, valid: 0.80, test: 0.79)
///     }
///     experiment.finish()
///
/// No call throws or waits for Redis, and all may be made from any thread. What the contract does not allow (a name
/// of more than 256 bytes, a negative epoch) is counted in ``Counters/Dropped/invalid``.
public final class Experiment: Sendable {
    /// The id under which it is recorded: `k3v9x2mq7d-17`.
    public let id: String

    let client: Client
    let battery: BatteryHandle
    let subject: Journal.Subject
    private let draws: Draws

    init(of battery: BatteryHandle, client: Client) {
        self.client = client
        self.battery = battery
        let (producer, seed, subject) = client.journal.beginExperiment()
        self.subject = subject
        id = ExperimentID(producer: producer, number: UInt64(subject.experiment)).text
        draws = Draws(Sampler(seed: seed, stream: UInt64(subject.experiment)))
        let start = Event.Start(host: HostIdentity.hostName, pid: String(getpid()), seed: String(seed))
        let declaration = Journal.Subject(experiment: 0, generation: subject.generation)
        client.record(.battery(battery.declaration), battery: battery, declaration)
        client.record(.start(start), battery: battery, subject)
    }

    /// Draws with the experiment's generator.
    func draw<Value>(_ body: (inout Sampler) -> Value) -> Value {
        // A lock that a fork respects; drawing is too seldom to deserve one of its own.
        client.journal.exclusively { body(&draws.sampler) }
    }

    func record(_ body: Event.Body) {
        client.record(body, battery: battery, subject)
    }
}

/// The state of an experiment's draws.
private final class Draws: @unchecked Sendable {
    // Protected by the journal's lock.
    var sampler: Sampler

    init(_ sampler: Sampler) {
        self.sampler = sampler
    }
}
