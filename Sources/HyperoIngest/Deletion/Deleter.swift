import Glibc
import HyperoCore
import HyperoRedis
public import HyperoSchema

/// The client of an operator who deletes experiments or a battery: finds them, writes commands to the control streams of
/// their partitions, and waits until an ingest has carried the commands out.
///
///     let deleter = try Deleter(settings)
///     let plan = try deleter.plan(experiments: ["k3v9x2mq7d-17"])
///     let request = try deleter.request(plan)
///     let isDone = try deleter.wait(for: request, atMost: .seconds(60))
public final class Deleter {
    /// Commands that were written.
    public struct Request: Sendable {
        /// A command in a control stream.
        struct Written: Sendable {
            let id: StreamID
            let command: DeletionPlan.Command
            /// The time of the server before all commands, in Unix milliseconds.
            let time: Int64
        }

        /// The partitions, with the last command in the control stream of each.
        var commands: [Keyspace: StreamID] = [:]
        /// All commands.
        var all: [Keyspace: [Written]] = [:]
        /// The ids of the last commands carried out in those partitions whose control stream has started over, before the
        /// commands were written. They are not below the ids of the commands.
        var outdated: [Keyspace: StreamID] = [:]
        /// The times of the servers of the partitions at which the last commands expire; empty if they do not.
        var expiries: [Keyspace: Int64] = [:]

        /// The number of commands.
        public var count: Int { all.values.reduce(0) { $0 + $1.count } }
        /// The time in Unix milliseconds, by the clock of the server, from which on no command is carried out any more; nil if they do
        /// not expire.
        public var expiry: Int64? { expiries.values.max() }
    }

    let settings: IngestSettings
    /// The commands that the latest call of ``request(_:expiringAfter:)`` has written, also if it has failed.
    public private(set) var written = Request()
    private var connections: [Keyspace: Box] = [:]

    /// A reference to a connection, because a dictionary cannot hold a noncopyable value.
    private final class Box {
        var connection: RedisConnection

        init(_ connection: consuming RedisConnection) {
            self.connection = connection
        }
    }

    /// Creates a deleter for a deployment.
    ///
    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    public init(_ settings: IngestSettings) throws(SchemaError) {
        self.settings = settings
        try settings.check()
    }

    /// Returns the partitions of the settings, and those of another number of partitions that have been written to.
    func partitions() throws -> [Keyspace] {
        try settings.keyspaces() + PartitionDiscovery(settings).otherPartitions().map(\.keyspace)
    }

    /// Calls a function with the connection to the server of a partition.
    func withConnection<Result>(
        to keyspace: Keyspace, _ body: (inout RedisConnection) throws(RedisError) -> Result
    ) throws(RedisError) -> Result {
        let box: Box
        if let known = connections[keyspace] {
            box = known
        } else {
            box = Box(try RedisConnection.open(to: settings.redis, key: keyspace.control, name: "hypero-delete"))
            connections[keyspace] = box
        }
        do {
            return try body(&box.connection)
        } catch {
            if error.category == .connection { connections[keyspace] = nil }
            throw error
        }
    }

    /// Sends one command to the server of a partition, and returns its reply.
    ///
    /// - Throws: the server's error.
    func call(_ arguments: [String], in keyspace: Keyspace) throws(RedisError) -> Reply {
        try withConnection(to: keyspace) { connection throws(RedisError) in
            var writer = RESPWriter(capacity: 256)
            writer.begin(arguments: arguments.count)
            for argument in arguments { writer.add(argument) }
            try connection.send(writer)
            let reply = try connection.receive()
            if let error = reply.error { throw error }
            return reply
        }
    }

    /// Reads the next part of a search.
    ///
    /// - Returns: the keys; nil without permission for SCAN, or if the server does not have it.
    func nextKeys(of search: inout KeySearch, in keyspace: Keyspace) throws(RedisError) -> [String]? {
        do {
            return try withConnection(to: keyspace) { connection throws(RedisError) in
                try search.readPart(over: &connection)
            }
        } catch {
            guard error.category == .denied || error.category == .refused else { throw error }
            return nil
        }
    }

    /// Converts the errors of a function.
    func converting<Result>(_ body: () throws -> Result) throws(DeletionError) -> Result {
        do {
            return try body()
        } catch let error as DeletionError {
            throw error
        } catch let error as RedisError {
            throw DeletionError(
                .redis(
                    DeletionError.RedisFailure(
                        description: error.description, isPermissionMissing: error.code == .noPermission,
                        isMigrating: error.category == .migrating)))
        } catch {
            throw DeletionError(
                .redis(
                    DeletionError.RedisFailure(
                        description: "\(error)", isPermissionMissing: false, isMigrating: false)))
        }
    }

    // MARK: - Requesting

    /// Writes the commands of a plan: XADD control * event delete ….
    ///
    /// - Parameter duration: the time after which a command about an experiment is not carried out any more, from the moment in which it
    ///   is written; nil if the commands are carried out whenever an ingest reads them.
    /// - Throws: ``DeletionError`` if a command could not be written, or could not be carried out because the key of the
    ///   deleted ids has another type. ``written`` then has the commands before it.
    public func request(
        _ plan: DeletionPlan, expiringAfter duration: Duration? = nil
    ) throws(DeletionError) -> Request {
        try request(plan.commands, expiringAfter: duration)
    }

    /// Writes commands, as ``request(_:expiringAfter:)`` writes those of a plan.
    func request(
        _ commands: [DeletionPlan.Command], expiringAfter duration: Duration? = nil
    ) throws(DeletionError) -> Request {
        written = Request()
        return try converting {
            let keyspaces = Set(commands.map(\.keyspace)).sorted { $0.tag < $1.tag }
            for keyspace in keyspaces { try checkTombstones(in: keyspace) }
            var times: [Keyspace: (server: Int64, local: MonotonicTime)] = [:]
            for keyspace in duration == nil ? [] : keyspaces {
                times[keyspace] = (try serverTime(of: keyspace), .now)
            }
            for command in commands {
                let keyspace = command.keyspace
                if let duration, let time = times[keyspace] {
                    // The first of many commands may be written long before the last one.
                    let age = MonotonicTime.now - time.local
                    written.expiries[keyspace] = time.server + Int64((age + duration).wholeMilliseconds)
                }
                let before =
                    written.commands[keyspace] == nil ? try lastCommand(in: keyspace) : written.outdated[keyspace]
                let condition = written.expiries[keyspace].map { ControlCondition(until: $0, seen: command.seen) }
                let id = try write(command.event.fields + (condition?.fields ?? []), to: keyspace)
                if let before, before >= id { written.outdated[keyspace] = before }
                written.commands[keyspace] = id
                written.all[keyspace, default: []].append(
                    Request.Written(id: id, command: command, time: times[keyspace]?.server ?? 0))
            }
            return written
        }
    }

    /// Writes a command: XADD control * event delete ….
    private func write(
        _ fields: [(name: String, value: String)], to keyspace: Keyspace
    ) throws(RedisError) -> StreamID {
        let fields = fields.flatMap { [$0.name, $0.value] }
        var reply: Reply
        do {
            reply = try call(["XADD", keyspace.control, "*"] + fields, in: keyspace)
        } catch {
            guard error.code == .idsExhausted else { throw error.naming(key: keyspace.control, expected: .stream) }
            throw RedisError(
                error.code,
                "\(keyspace.control) accepts no more entries: its last id is the highest possible. Delete the key")
        }
        guard let id = try reply.string().flatMap({ StreamID($0) }) else {
            throw RedisError(.connection, "invalid reply to XADD: no id")
        }
        return id
    }

    /// Returns the id of the last command that was carried out: HGET ingest control.
    func lastCommand(in keyspace: Keyspace) throws(RedisError) -> StreamID? {
        do {
            var reply = try call(["HGET", keyspace.ingest, IngestField.control], in: keyspace)
            return try reply.string().flatMap { StreamID($0) }
        } catch {
            throw error.naming(key: keyspace.ingest, expected: .hash)
        }
    }

    /// Checks that an ingest can record deleted ids: ZRANGE deleted 0 0.
    private func checkTombstones(in keyspace: Keyspace) throws(RedisError) {
        do {
            _ = try call(["ZRANGE", keyspace.deleted, "0", "0"], in: keyspace)
        } catch {
            throw error.naming(key: keyspace.deleted, expected: .sortedSet)
        }
    }

    /// Waits until an ingest has carried out all commands of a request: HGET ingest control, ten times a second.
    ///
    /// - Returns: false if the time has passed before that.
    public func wait(for request: Request, atMost duration: Duration) throws(DeletionError) -> Bool {
        let deadline = MonotonicTime.now + duration
        return try converting {
            var remaining = request.commands
            while true {
                for (keyspace, id) in remaining {
                    let control = try lastCommand(in: keyspace)
                    if let control, control >= id, control != request.outdated[keyspace] { remaining[keyspace] = nil }
                }
                guard !remaining.isEmpty else { return true }
                guard MonotonicTime.now < deadline else { return false }
                usleep(100_000)
            }
        }
    }

    /// An ingest that is to carry out commands.
    public struct Owner: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// The hash tag of a partition of an earlier number of partitions that has commands and that the ingest does not own at
        /// this time; nil if there is none.
        public let visited: String?
    }

    /// Returns an ingest that is to carry out the remaining commands of a request; nil if none owns any partition: HGET ingest
    /// control, GET ingest:lease.
    public func owner(of request: Request) throws(DeletionError) -> Owner? {
        try converting {
            var unowned: Keyspace?
            for (keyspace, id) in request.commands.sorted(by: { $0.key.tag < $1.key.tag }) {
                var control = try call(["HGET", keyspace.ingest, IngestField.control], in: keyspace)
                if let done = try control.string().flatMap({ StreamID($0) }), done >= id { continue }
                if let owner = try owner(of: keyspace) { return Owner(name: owner, visited: nil) }
                unowned = keyspace
            }
            for keyspace in try partitions() where keyspace != unowned {
                if let owner = try owner(of: keyspace) { return Owner(name: owner, visited: unowned?.tag) }
            }
            return nil
        }
    }

    private func owner(of keyspace: Keyspace) throws(RedisError) -> String? {
        var reply = try call(["GET", keyspace.lease], in: keyspace)
        return try reply.string().map { printable($0) }
    }
}
