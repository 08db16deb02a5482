import HyperoCore
import HyperoRedis
import HyperoSchema

/// The experiment log: one client of it, in one process.
///
///     let hypero = try Hypero.connect("redis://localhost")
///     let battery = hypero.battery("RNN Visual Attention", version: 3, description: "fixed bug in Sequencer")
///     let experiment = battery.experiment()
///     …
///     hypero.close()
///
/// What is logged goes into a journal, a file mapped into memory, and one thread sends it to Redis from there. Redis may
/// be slow, away or never there: no call waits for it but ``flush(until:timeout:)`` and ``close(timeout:)``, and those
/// have deadlines. Every type of the client may be used from any thread.
public final class Hypero: Sendable {
    private let client: Client

    /// The seed of this client's draws, which every `start` records; a forked child has one of its own.
    public var seed: UInt64 { client.seed }

    /// What became of the events so far.
    public var counters: Counters { client.counters }

    /// Makes a client. It never waits for Redis: connecting is the sender thread's work.
    ///
    /// - Parameters:
    ///   - url: `redis://[user[:password]@]host[:port][/db]` or `unix:///path[?db=n]`; nil for the environment's
    ///     `HYPERO_REDIS`, and `redis://127.0.0.1:6379` without one.
    ///   - namespace: what all keys start with; nil for `HYPERO_NAMESPACE`, and `hypero` without one.
    ///   - partitions: of the deployment, the same as the ingest's; nil for `HYPERO_PARTITIONS`, and 1 without one.
    ///   - seed: of the draws; nil for a random one. An experiment's draws are a function of the seed and its number.
    ///   - journalLimit: bytes that the journal may take, in steps of 8 MiB, at least two of them.
    /// - Throws: when the URL, the namespace or the partitions cannot be; the message says what to write instead.
    public static func connect(
        _ url: String? = nil, namespace: String? = nil, partitions: Int? = nil, seed: UInt64? = nil,
        journalLimit: Int = 256 << 20
    ) throws(SchemaError) -> Hypero {
        Hypero(
            try Client(
                Client.Configuration(
                    url: url, namespace: namespace, partitions: partitions, seed: seed, journalLimit: journalLimit)))
    }

    package init(_ client: Client) {
        self.client = client
    }

    /// A battery of experiments; it is declared to Redis before each of them.
    ///
    /// - Parameters:
    ///   - name: 1 to 256 bytes without control characters.
    ///   - version: of what is tried, counted by you.
    ///   - description: what is new in this version; part of the identity.
    ///   - objective: the channel that decides which epoch and which experiment is best.
    ///   - direction: whether high or low values of the objective are the good ones.
    public func battery(
        _ name: String, version: Int = 1, description: String = "", objective: String = "valid",
        direction: Direction = .max
    ) -> Battery {
        let declaration = Event.Declaration(
            name: name, version: version, description: description, objective: objective, direction: direction)
        return Battery(handle: client.handle(declaration), client: client)
    }

    /// Begins an experiment of the battery of this name, version and description.
    public func experiment(_ name: String, version: Int = 1, description: String = "") -> Experiment {
        battery(name, version: version, description: description).experiment()
    }

    /// How far events have come.
    public enum Confirmation: Sendable {
        /// Redis acknowledged them.
        case sent
        /// The ingest applied them: they are in the rankings.
        case applied
    }

    /// Waits until all that was logged before this call has come so far, but not longer than the timeout.
    ///
    /// - Returns: whether it has. When not, nothing is lost: it goes on in the background.
    @discardableResult
    public func flush(until confirmation: Confirmation = .applied, timeout: Duration) -> Bool {
        client.flush(until: confirmation, deadline: .now + timeout)
    }

    /// Takes no more events, waits until all are sent but not longer than the timeout, and ends the sender's thread.
    ///
    /// Later log calls are counted as dropped. What was not sent stays in the journal's folder.
    ///
    /// - Returns: whether all events were sent.
    @discardableResult
    public func close(timeout: Duration = .seconds(5)) -> Bool {
        client.close(timeout: timeout)
    }
}
