import Glibc
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
    let number: UInt64
    private let draws: Draws

    init(of battery: BatteryHandle, client: Client) {
        self.client = client
        self.battery = battery
        number = client.nextExperiment()
        id = ExperimentID(producer: client.producer, number: number).text
        draws = Draws(Sampler(seed: client.seed, stream: number))
        client.record(.battery(battery.declaration), battery: battery, experiment: 0)
        client.record(.start(client.start), battery: battery, experiment: number)
    }

    /// Draws with the experiment's generator.
    func draw<Value>(_ body: (inout Sampler) -> Value) -> Value {
        draws.withLock(body)
    }

    func record(_ body: Event.Body) {
        client.record(body, battery: battery, experiment: number)
    }
}

/// The state of an experiment's draws.
private final class Draws: @unchecked Sendable {
    // Protects `sampler`.
    private let lock = Lock()
    private var sampler: Sampler

    init(_ sampler: Sampler) {
        self.sampler = sampler
    }

    deinit {
        lock.destroy()
    }

    func withLock<Value>(_ body: (inout Sampler) -> Value) -> Value {
        lock.withLock { body(&sampler) }
    }
}
