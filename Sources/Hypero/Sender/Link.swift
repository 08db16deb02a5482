import HyperoCore
import HyperoRedis
import HyperoSchema

/// The sender's connection to the server of its partition, with the sender's requests.
///
/// Every request throws or returns a ``RedisError`` if there is no connection. After an error the owner decides whether
/// to close the link with ``close(after:)``, which also follows redirects.
struct Link: ~Copyable {
    private var topology: Topology
    var connection: RedisConnection?
    private let timeout: Duration
    let keyspace: Keyspace
    let producer: ProducerID
    let callbacks: Delivery.Callbacks
    /// The commands of a request other than the events of a batch.
    var writer = RESPWriter(capacity: 1 << 10)
    private var shipment = Shipment()
    private let socket = InheritedSocket()
    /// True once a connection was opened, or the servers of another delivery were taken over.
    private var knowsServers = false
    /// false once the server has denied or refused the watermark on this connection.
    private(set) var canReadWatermark = true

    /// - Parameter timeout: The longest pause of the server while connecting, sending or receiving.
    init(url: RedisURL, keyspace: Keyspace, producer: ProducerID, timeout: Duration, callbacks: Delivery.Callbacks) {
        topology = Topology(seed: url)
        self.keyspace = keyspace
        self.producer = producer
        self.timeout = timeout
        self.callbacks = callbacks
    }

    /// The server of this connection or of the next.
    var server: RedisURL { topology.current }

    /// false once the server has not permitted MULTI or EXEC. Events are then sent one by one.
    var usesTransactions: Bool { shipment.usesTransactions }

    var isConnected: Bool { connection != nil }

    /// True if the server is known to be no replica, which would be asked for what another server has.
    var isPrimary: Bool {
        switch connection {
        case .some(let connection): connection.isPrimary
        case .none: false
        }
    }

    /// Records that the server has accepted a write.
    mutating func hasWritten() { connection?.isPrimary = true }

    /// true if replies have not been read, for example after an error. The next command would get the wrong reply.
    var hasUnreadReplies: Bool {
        switch connection {
        case .some(let connection): connection.pendingReplies > 0
        case .none: false
        }
    }

    mutating func connect() throws(RedisError) {
        defer { if !isConnected { socket.clear() } }
        // Another delivery of the thread may have found the server meanwhile.
        if !knowsServers, let known = callbacks.knownServers.topology(of: topology.seed) {
            (topology, knowsServers) = (known, true)
        }
        connection = try topology.open(
            for: .writing, name: "hypero-\(producer.text)", timeout: timeout, bounds: .small,
            shouldContinue: callbacks.shouldContinue, blocking: callbacks.blocking,
            opened: { [socket] in socket.set($0) },
            race: RaceSockets(limit: InheritedSocket.maxRaceSockets) { [socket] in socket.setRace($0) })
        knowsServers = true
        callbacks.knownServers.record(topology)
        canReadWatermark = true
        shipment = Shipment(usesTransactions: shipment.usesTransactions)
    }

    mutating func close() {
        socket.clear()
        connection = nil
    }

    /// Checks a redirect with the cluster's list of nodes: see ``RedisConnection/verified(_:)``. Any other error is returned
    /// as it is.
    mutating func verified(_ error: RedisError) -> RedisError {
        connection?.verified(error) ?? error
    }

    /// Closes the connection. The next connection is to the server that a verified redirect names, or after any other error to one of
    /// the servers that ``Topology`` knows.
    mutating func close(after error: RedisError) {
        socket.clear()
        connection = nil
        if !topology.follow(error) { topology.leave(after: error) }
    }

    /// The state of the server at the start of a connection.
    struct ServerState {
        /// nil if the server denies or refuses it to this account.
        let watermark: AppliedWatermark?
        /// true if the stream contains the last acknowledged event; nil if the server denies or refuses the stream to
        /// this account.
        let hasAcknowledged: Bool?
    }

    /// Reads the watermark, and checks whether the stream contains an acknowledged event. Both take one round trip.
    ///
    /// Command: `XRANGE {hypero}:events <id> <id>`, after those of the watermark. Reply: the entry, or an empty array.
    /// An entry of another producer or with another sequence number does not count. If the entry exists, so do the
    /// entries of all earlier events, because a crash or a failover loses only the end of a stream.
    ///
    /// - Parameter acknowledged: The last acknowledged event; nil if there is none, in which case `hasAcknowledged` is
    ///   false.
    mutating func readState(
        acknowledged: SegmentHeader.Progress.Acknowledged?
    ) throws(RedisError) -> ServerState {
        writer.removeAll()
        writeWatermarkCommands()
        if let id = acknowledged?.id.description { writer.command("XRANGE", keyspace.events, id, id) }
        try sendCommands()
        let watermark = try receiveWatermark()
        guard let acknowledged else { return ServerState(watermark: watermark, hasAcknowledged: false) }
        return ServerState(watermark: watermark, hasAcknowledged: try receiveEntry(withSeq: acknowledged.seq))
    }

    /// Reads the watermark.
    ///
    /// - Returns: nil if the server denies or refuses the commands, for example to an account without permission or for
    ///   a key of another type. ``canReadWatermark`` is then false.
    mutating func readWatermark() throws(RedisError) -> AppliedWatermark? {
        writer.removeAll()
        writeWatermarkCommands()
        try sendCommands()
        return try receiveWatermark()
    }

    /// Sends a batch of XADD commands.
    ///
    /// - Parameter isFollowed: true if another batch follows at once.
    /// - Returns: The outcome if the batch could not be sent; nil if ``receive()`` returns it.
    mutating func send(_ batch: borrowing RESPWriter, isFollowed: Bool) -> Shipment.Outcome? {
        guard connection != nil else { return Shipment.Outcome(failure: Self.noConnection) }
        return shipment.send(batch, isFollowed: isFollowed, over: &connection!)
    }

    /// Reads the replies to the batch that was sent.
    mutating func receive() -> Shipment.Outcome {
        guard connection != nil else { return Shipment.Outcome(failure: Self.noConnection) }
        return shipment.receive(over: &connection!)
    }

    mutating func sendCommands() throws(RedisError) {
        guard connection != nil else { throw Self.noConnection }
        try connection?.send(writer)
    }

    /// Writes the commands that read the watermark.
    ///
    /// Commands: `HGET {hypero}:producer:<id> <field>` for the fields `seq`, `missing`, `dead` and `deleted`. Replies: the
    /// highest sequence number applied, the ranges below it that are not applied, and the numbers of dead letters and of events
    /// dropped because of a deletion, each null if the field does not exist.
    ///
    /// Four commands, because an account may have permission for HGET only. `seq` is read first: the missing ranges
    /// below that `seq` can only shrink afterwards, when the ingest applies their events, and the dead letters up to it are
    /// counted. In another order, a range or a dead letter that appears between two commands would be overlooked.
    mutating func writeWatermarkCommands() {
        let key = keyspace.producer(producer)
        writer.command("HGET", key, ProducerField.seq)
        writer.command("HGET", key, ProducerField.missing)
        writer.command("HGET", key, ProducerField.dead)
        writer.command("HGET", key, ProducerField.deleted)
    }

    mutating func receiveWatermark() throws(RedisError) -> AppliedWatermark? {
        // Read all replies even if the first is an error. An unread reply would answer the next command.
        let seq = try receiveText()
        let missing = try receiveText()
        let dead = try receiveText()
        let deleted = try receiveText()
        do {
            return AppliedWatermark(
                seq: try seq.get(), missing: try missing.get(), dead: try dead.get(), deleted: try deleted.get())
        } catch {
            guard error.isDeniedOrRefused else { throw error }
            canReadWatermark = false
            return nil
        }
    }

    /// - Returns: The text of the next reply, or the error that it contains.
    mutating func receiveText() throws(RedisError) -> Result<String?, RedisError> {
        var reply = try connection?.receive()
        return Result { () throws(RedisError) in try reply?.string() }
    }

    /// An experiment in Redis, as a process finds it that resumes it.
    struct ResumedExperiment {
        /// The number of the process that has resumed it last; nil if none has.
        let attempt: Int?
        /// The id of the experiment's battery; nil if Redis does not have the experiment.
        let battery: String?
    }

    /// Reads the last attempt of an experiment.
    ///
    /// Commands: `HGET {hypero}:experiment:<id> <field>` for the fields `attempt` and `battery`.
    ///
    /// - Returns: nil if the server denies or refuses the commands.
    mutating func readAttempt(of experiment: ExperimentID) throws(RedisError) -> ResumedExperiment? {
        writer.removeAll()
        writer.command("HGET", keyspace.experiment(experiment), ExperimentField.attempt)
        writer.command("HGET", keyspace.experiment(experiment), ExperimentField.battery)
        try sendCommands()
        let attempt = try receiveText()
        let battery = try receiveText()
        do {
            return ResumedExperiment(attempt: try attempt.get().flatMap { Int($0) }, battery: try battery.get())
        } catch {
            guard error.isDeniedOrRefused else { throw error }
            return nil
        }
    }

    /// Reads fields of a hash.
    ///
    /// Commands: `HGET <key> <field>` per field. Replies: the values, each null if the field does not exist.
    ///
    /// - Returns: nil if the server denies or refuses the commands.
    mutating func readFields(_ fields: [String], of key: String) throws(RedisError) -> [String?]? {
        writer.removeAll()
        for field in fields { writer.command("HGET", key, field) }
        try sendCommands()
        // Read all replies even if the first is an error.
        var replies: [Result<String?, RedisError>] = []
        for _ in fields { replies.append(try receiveText()) }
        var values: [String?] = []
        for reply in replies {
            switch reply {
            case .success(let value): values.append(value)
            case .failure(let error):
                guard error.isDeniedOrRefused else { throw error }
                return nil
            }
        }
        return values
    }

    /// Renews the key of the watermark.
    ///
    /// Command: `PEXPIRE {hypero}:producer:<id> <milliseconds>`. Reply: 1, or 0 if the key does not exist. An account
    /// without permission cannot renew the key, which is not an error.
    mutating func renewKey() throws(RedisError) {
        writer.removeAll()
        writer.command(
            "PEXPIRE", keyspace.producer(producer), String(KeyLifetime.standard.wholeMilliseconds))
        try sendCommands()
        let reply = try connection?.receive()
        if let error = reply?.error, !error.isDeniedOrRefused { throw error }
    }

    /// Shows that the process lives.
    ///
    /// Command: `XADD {hypero}:events * event alive producer <id> time <ms>`. Reply: the id of the entry.
    mutating func sendAlive() throws(RedisError) {
        writer.removeAll()
        writer.command(
            "XADD", keyspace.events, "*", EventField.event, EventKind.alive.rawValue, EventField.producer,
            producer.text, EventField.time, String(WallClock.milliseconds))
        try sendCommands()
        let reply = try connection?.receive()
        if let error = reply?.error { throw error }
    }

    /// - Returns: true if the entry is this producer's event with this sequence number; nil if the server denies or
    ///   refuses the command.
    private mutating func receiveEntry(withSeq seq: UInt64) throws(RedisError) -> Bool? {
        guard var reply = try connection?.receive() else { return false }
        do {
            guard try reply.array() == 1 else { return false }
            _ = try reply.array()
            _ = try reply.string()
            let fields = try reply.pairs()
            return fields.contains { $0.name == EventField.producer && $0.value == producer.text }
                && fields.contains { $0.name == EventField.seq && $0.value == String(seq) }
        } catch {
            guard error.isDeniedOrRefused else { throw error }
            return nil
        }
    }

    private static var noConnection: RedisError { RedisError(.connection, "not connected") }
}
