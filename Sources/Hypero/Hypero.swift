import HyperoCore
import HyperoRedis
import HyperoSchema

// The types of the contract that a program names when it uses the client.
@_exported import enum HyperoSchema.Direction
@_exported import struct HyperoSchema.SchemaError
@_exported import enum HyperoSchema.Value
@_exported import protocol HyperoSchema.ValueConvertible

/// A client of the experiment log.
///
/// ```swift
/// let hypero = try Hypero.connect("redis://localhost")
/// let battery = hypero.battery("RNN Visual Attention", version: 3, description: "fixed bug in Sequencer")
/// let experiment = battery.experiment()
/// let lr = experiment.logUniform("lr", 0.00001, 0.1)
/// …
/// experiment.finish()
/// hypero.close()
/// ```
///
/// A log call copies its event into the journal, a file mapped into memory, and returns. A background thread sends the
/// events of the journal to Redis. The journal keeps each event until Redis can no longer lose the event, and the thread
/// sends lost events again. Redis may be slow, down or unreachable: only ``flush(until:timeout:)`` and
/// ``close(timeout:)`` wait for Redis, and both have deadlines.
///
/// All types of the client are safe to use from any thread. If the last reference to the client, its batteries and its
/// experiments is released without ``close(timeout:)``, the background thread sends the remaining events and then ends.
public final class Hypero: Sendable {
    private let client: Client

    /// The seed of this client's draws.
    ///
    /// The `start` event of each experiment records the seed. A forked child gets its own seed at its first log call.
    public var seed: UInt64 { client.seed }

    /// The number of events that are accepted, sent, applied, dead, released, adopted, damaged and dropped so far.
    public var counters: Counters { client.counters }

    /// Creates a client without waiting for Redis.
    ///
    /// ```swift
    /// let local = try Hypero.connect()
    /// let cluster = try Hypero.connect("redis://db:6379", namespace: "vision", partitions: 16)
    /// ```
    ///
    /// The background thread connects once there is an event to send.
    ///
    /// - Parameters:
    ///   - url: The servers, as `redis://[user[:password]@]host[:port][,host[:port]]…[/db]`, `redis+sentinel://…/name[/db]` or
    ///     `unix:///path[?db=n]`. With `rediss` in place of `redis`, TLS (<doc:SeveralServers>). Defaults to `HYPERO_REDIS`, or to the server of `hypero up` if that variable is not set and the server runs, or to
    ///     `redis://127.0.0.1:6379`. A URL without a password uses `HYPERO_REDIS_PASSWORD`, the file
    ///     `HYPERO_REDIS_PASSWORD_FILE` or `REDISCLI_AUTH`.
    ///   - namespace: The prefix of all keys, 1 to 64 characters of `A-Z a-z 0-9 . _ -`. Defaults to
    ///     `HYPERO_NAMESPACE`, or to `hypero` if that variable is not set.
    ///   - partitions: The number of partitions of the deployment, from 1 to 16,384. It must be the same for all
    ///     clients and for the ingest. Defaults to `HYPERO_PARTITIONS`, or to 1 if that variable is not set.
    ///   - seed: The seed of all draws. A draw depends only on this seed, the number of the experiment, the name of
    ///     the hyper-parameter and its distribution. Defaults to a random seed.
    ///   - resumed: The id of an experiment that this process resumes. With several partitions, the client then logs to the
    ///     partition of the experiment.
    ///   - journalLimit: The maximum size of the journal in bytes, used in segments of 8 MiB. At least two segments are
    ///     allowed. When the journal is full of events that Redis has not acknowledged, log calls drop their events and
    ///     count them.
    ///   - onNotice: Takes the client's messages to the user, which are otherwise written to standard error: for example
    ///     passes them to a logger. It is called on the thread of the log call or on the background thread, which waits
    ///     meanwhile.
    /// - Throws: `SchemaError` if the URL, the namespace or the number of partitions is invalid, or if there is no
    ///   memory for the journal.
    public static func connect(
        _ url: String? = nil, namespace: String? = nil, partitions: Int? = nil, seed: UInt64? = nil,
        resuming resumed: String? = nil, journalLimit: Int = 256 << 20, onNotice: (@Sendable (String) -> Void)? = nil
    ) throws(SchemaError) -> Hypero {
        var configuration = Client.Configuration(
            url: url, namespace: namespace, partitions: partitions, seed: seed, journalLimit: journalLimit)
        configuration.resumed = resumed
        if let onNotice { configuration.notify = onNotice }
        return Hypero(try Client(configuration))
    }

    package init(_ client: Client) {
        self.client = client
    }

    /// Returns a battery, a group of experiments that are ranked together.
    ///
    /// The name, the version and the description are the identity of a battery: the same three values in another
    /// process are the same battery. The first declaration that the ingest applies fixes the objective and the
    /// direction.
    ///
    /// Each experiment declares its battery before it starts. A battery outside the limits below is reported on standard
    /// error, and its events are dropped as ``Counters/Dropped/invalid``.
    ///
    /// - Parameters:
    ///   - name: The name, 1 to 256 bytes of UTF-8 without control characters.
    ///   - version: The version of the code or the idea under test, from -(2^53 - 1) to 2^53 - 1.
    ///   - description: The change that this version makes. A text of more than 64 KiB is cut.
    ///   - objective: The channel that decides the best epoch and the rank of an experiment. It has 1 to 256 bytes of
    ///     UTF-8 without control characters, and is not called `epoch` or `source`.
    ///   - direction: The direction in which the objective gets better: `max` for an accuracy, `min` for a loss. nil for that of
    ///     its name: `min` for losses, errors, costs and durations such as `val_loss`, `mse` and `latency_ms`, else `max`. State it for
    ///     an objective such as `energy`, whose name does not tell it: `hypero-ingest delete --keep-best` demands it.
    ///   - directions: The directions in which other channels get better, by name, for rankings by these channels. The
    ///     objective must not be among them with another direction.
    public func battery(
        _ name: String, version: Int = 1, description: String = "", objective: String = "valid",
        direction: Direction? = nil, directions: [String: Direction] = [:]
    ) -> Battery {
        var directions = directions
        // A direction that the name does not tell, so that others see that it is no guess.
        if let direction, Direction.isAmbiguous(named: objective) {
            directions[objective] = directions[objective] ?? direction
        }
        let declaration = Event.Declaration(
            name: name, version: version, description: description, objective: objective,
            direction: direction ?? Direction(ofObjectiveNamed: objective),
            directions: directions.sorted { $0.key < $1.key }.map { Event.ChannelDirection($0.key, $0.value) })
        return Battery(handle: client.makeHandle(declaration), client: client)
    }

    /// Starts an experiment of the battery with this name, version and description.
    ///
    /// ```swift
    /// let experiment = hypero.experiment("digits", objective: "loss", direction: .min)
    /// ```
    ///
    /// The parameters are those of ``battery(_:version:description:objective:direction:directions:)``.
    public func experiment(
        _ name: String, version: Int = 1, description: String = "", objective: String = "valid",
        direction: Direction? = nil
    ) -> Experiment {
        battery(name, version: version, description: description, objective: objective, direction: direction)
            .experiment()
    }

    /// The progress of an event that ``flush(until:timeout:)`` waits for.
    public enum Confirmation: Sendable {
        /// Redis has acknowledged the event.
        case sent
        /// The ingest has applied the event, and rankings include it. An event that the ingest could not apply, a dead letter,
        /// is never confirmed.
        case applied
    }

    /// Waits until all events logged before this call are confirmed, or until the timeout has passed.
    ///
    /// A timeout loses nothing: the background thread continues to send.
    ///
    /// - Parameters:
    ///   - confirmation: The progress to wait for.
    ///   - timeout: The longest wait.
    /// - Returns: true if all events are confirmed. false if the timeout has passed first or, for `applied`, in these cases, in
    ///   which the call returns before the timeout:
    ///   - An event of this client has become a dead letter. ``Counters/dead`` is above 0.
    ///   - The experiment or the battery of an event was deleted. ``Counters/deleted`` is above 0.
    ///   - Redis has lost events that the client does not have any more. ``Counters/released`` is above 0.
    ///   - The account may not read what is applied. The client reports this once.
    @discardableResult
    public func flush(until confirmation: Confirmation = .applied, timeout: Duration) -> Bool {
        client.flush(until: confirmation, deadline: .now + timeout)
    }

    /// Waits as ``flush(until:timeout:)`` does, for a caller that waits in parts, so that a timeout is no reason for a notice.
    package func flushInPart(until confirmation: Confirmation, timeout: Duration) -> Bool {
        client.flush(until: confirmation, deadline: .now + timeout, isPart: true)
    }

    /// Closes the client: rejects new events, waits until the others are sent or the timeout has passed, and ends the
    /// background thread.
    ///
    /// Later log calls drop their events as ``Counters/Dropped/closed``, and the first one is reported. Events that are not
    /// sent before the timeout stay in the journal's folder, and the next client on this host sends them. If the journal
    /// could create no file, these events are lost.
    ///
    /// - Parameter timeout: The longest wait.
    /// - Returns: true if all events were sent, false if the timeout has passed first.
    @discardableResult
    public func close(timeout: Duration = .seconds(5)) -> Bool {
        client.close(timeout: timeout)
    }
}
