import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

extension Deleter {
    /// The experiments of a request whose commands were not carried out.
    public struct Remainder: Sendable {
        /// Those of commands that have expired: no ingest carries them out any more.
        public internal(set) var expired: Set<String> = []
        /// Those that have changed since the rule selected them, so that their commands were passed over.
        public internal(set) var changed: Set<String> = []
        /// Those whose learning curves an ingest has begun to thin, and thins to the end.
        public internal(set) var begun: Set<String> = []
        /// Those of commands that an ingest has passed over for another reason, which its log has.
        public internal(set) var refused: Set<String> = []

        /// All of them.
        public var all: Set<String> { expired.union(changed).union(begun).union(refused) }
    }

    /// The number of experiments per round trip.
    private static let partCount = 1_000
    /// The longest wait for the clock of a server beyond the time of the command.
    private static let maxClockWait: Duration = .seconds(10)

    /// Returns the experiments whose commands were not carried out, of a request whose commands expire. Waits until those have expired
    /// that are not carried out.
    ///
    /// A command that is reported as expired is not carried out later: see ``close(_:)``.
    public func remainder(of request: Request) throws(DeletionError) -> Remainder {
        try converting {
            var rest = Remainder()
            for (keyspace, written) in request.all.sorted(by: { $0.key.tag < $1.key.tag }) {
                guard let expiry = request.expiries[keyspace], let last = written.last?.id else { continue }
                var end: (control: StreamID?, begun: StreamID?) = (try lastCommand(in: keyspace), nil)
                if isOpen(last, after: end.control, in: keyspace, of: request) {
                    try waitForExpiry(expiry, in: keyspace)
                    end = try close(keyspace)
                    let open = written.map(\.id).filter {
                        $0 != end.begun && isOpen($0, after: end.control, in: keyspace, of: request)
                    }
                    remove(open, from: keyspace)
                }
                // Those that were passed over at the end of their time have expired too.
                let hasExpired = try serverTime(of: keyspace) >= expiry
                for start in stride(from: 0, to: written.count, by: Self.partCount) {
                    let part = Array(written[start..<min(start + Self.partCount, written.count)])
                    for (item, state, isDone) in try outcomes(of: part, in: keyspace) {
                        guard let id = item.command.event.experiment?.text else { continue }
                        let isOpen = isOpen(item.id, after: end.control, in: keyspace, of: request)
                        // An open one has no outcome yet: what the hash shows is of the first part, or of another command.
                        guard isOpen || !isDone else { continue }
                        if item.id == end.begun {
                            rest.begun.insert(id)
                        } else if !isOpen, let seen = item.command.seen, seen != state.stamp {
                            rest.changed.insert(id)
                        } else if isOpen || hasExpired {
                            rest.expired.insert(id)
                        } else {
                            rest.refused.insert(id)
                        }
                    }
                }
            }
            return rest
        }
    }

    /// Returns whether a command was neither carried out nor passed over.
    private func isOpen(
        _ id: StreamID, after control: StreamID?, in keyspace: Keyspace, of request: Request
    ) -> Bool {
        guard let control, control != request.outdated[keyspace] else { return true }
        return id > control
    }

    private func waitForExpiry(_ expiry: Int64, in keyspace: Keyspace) throws {
        let deadline = MonotonicTime.now + Self.maxClockWait
        while true {
            let rest = expiry - (try serverTime(of: keyspace))
            guard rest > 0 else { return }
            guard .now < deadline else {
                throw RedisError(
                    .other, "the clock of the server of \(keyspace.tag) was set back, so that the deletions last")
            }
            usleep(UInt32(clamping: min(rest, 100) * 1_000))
        }
    }

    /// Aborts the transaction of an ingest that is about to carry out a command, after all have expired: MULTI, HINCRBY ingest expired
    /// 0, HMGET ingest control begun, EXEC.
    ///
    /// An ingest reads the time after it has begun to watch its hash, and carries out no command that has expired then
    /// (``Deletion/mayBegin(over:)``). One that has read an earlier time watches the hash, which this changes.
    ///
    /// - Returns: the last command that was carried out or passed over, and the last one that was begun.
    private func close(_ keyspace: Keyspace) throws(RedisError) -> (control: StreamID?, begun: StreamID?) {
        try withConnection(to: keyspace) { connection throws(RedisError) in
            var writer = RESPWriter(capacity: 256)
            writer.command("MULTI")
            writer.command("HINCRBY", keyspace.ingest, IngestField.expired, "0")
            writer.command("HMGET", keyspace.ingest, IngestField.control, IngestField.begun)
            writer.command("EXEC")
            try connection.send(writer)
            var error = try connection.receive().error
            for _ in 0..<2 { error = try connection.receive().error ?? error }
            var reply = try connection.receive()
            if let error = error ?? reply.error { throw error }
            _ = try reply.array()
            if let error = reply.error { throw error }
            try reply.skip()
            if let error = reply.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
            let values = try reply.strings(count: 2).map { $0.flatMap { StreamID($0) } }
            return (values[0], values[1])
        }
    }

    /// Removes commands that have expired: XDEL control id …. An ingest passes over those that are left. After a failover to a server
    /// whose clock is behind, it would carry them out.
    private func remove(_ ids: [StreamID], from keyspace: Keyspace) {
        for start in stride(from: 0, to: ids.count, by: Self.partCount) {
            let part = ids[start..<min(start + Self.partCount, ids.count)]
            // Refused, for example: they have expired all the same.
            _ = try? call(["XDEL", keyspace.control] + part.map(\.description), in: keyspace)
        }
    }

    /// Returns commands with the states of their experiments, and whether these show that the command was carried out: HMGET
    /// experiment battery status …, EXISTS experiment, EXISTS curve.
    private func outcomes(
        of part: [Request.Written], in keyspace: Keyspace
    ) throws(RedisError) -> [(Request.Written, ExperimentStamp, isDone: Bool)] {
        let ids = part.compactMap(\.command.event.experiment)
        let states = try states(of: ids, in: keyspace)
        return try withConnection(to: keyspace) { connection throws(RedisError) in
            var writer = RESPWriter()
            for id in ids {
                writer.command("EXISTS", keyspace.experiment(id))
                writer.command("EXISTS", keyspace.curve(of: id))
            }
            try connection.send(writer)
            var outcomes: [(Request.Written, ExperimentStamp, isDone: Bool)] = []
            var firstError: RedisError?
            for (item, state) in zip(part, states) {
                var exists: [Bool] = []
                for _ in 0..<2 {
                    var reply = try connection.receive()
                    firstError = firstError ?? reply.error
                    exists.append(reply.error == nil ? try reply.integer() > 0 : true)
                }
                let isDone = isCarriedOut(item, state, hasHash: exists[0], hasCurve: exists[1])
                outcomes.append((item, state, isDone))
            }
            if let firstError { throw firstError }
            return outcomes
        }
    }

    private func isCarriedOut(
        _ item: Request.Written, _ state: ExperimentStamp, hasHash: Bool, hasCurve: Bool
    ) -> Bool {
        guard case .thinCurve(_, let limit) = item.command.event else { return !hasHash && !hasCurve }
        guard hasHash, hasCurve else { return true }
        guard let thinned = state.thinned, thinned.limit == limit else { return false }
        // After a failover, the clock of the server may be behind that of the former one. Each thinning has a time of its own.
        guard thinned.time == item.command.thinned?.time else { return true }
        // The time of the command, but not after the clock of the server, which may be behind the stream.
        return thinned.time >= min(Int64(clamping: item.id.milliseconds), item.time)
    }

    /// Returns the time of the server of a partition in Unix milliseconds: INFO server. That of this host without permission, or if
    /// the server does not tell it.
    func serverTime(of keyspace: Keyspace) throws(RedisError) -> Int64 {
        try withConnection(to: keyspace) { connection throws(RedisError) in
            var reply = try connection.call("INFO", "server")
            if let error = reply.error, error.category != .denied, error.category != .refused { throw error }
            let info = reply.error == nil ? try reply.string() : nil
            let time = info.flatMap { ServerInfo($0)["server_time_usec"] }.flatMap { Int64($0) }
            return time.map { $0 / 1_000 } ?? Int64(WallClock.milliseconds)
        }
    }
}
