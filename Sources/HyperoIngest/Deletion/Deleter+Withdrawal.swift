import HyperoRedis
import HyperoSchema

extension Deleter {
    /// The number of commands per XDEL.
    private static let withdrawalCount = 1_000

    /// Removes those commands of a request from the control streams that no ingest has carried out: MULTI, XDEL control id …, HINCRBY
    /// ingest withdrawn n, HGET ingest control, EXEC.
    ///
    /// An owner that has just read a command watches the ingest's hash, so that its transaction is aborted and it reads the stream
    /// again.
    ///
    /// - Returns: the number of commands that were not carried out.
    public func withdraw(_ request: Request) throws(DeletionError) -> Int {
        try converting {
            var count = 0
            for (keyspace, ids) in request.all.sorted(by: { $0.key.tag < $1.key.tag }) {
                var control = try call(["HGET", keyspace.ingest, IngestField.control], in: keyspace)
                let rest = remaining(of: ids, after: try control.string(), in: keyspace, of: request)
                for start in stride(from: 0, to: rest.count, by: Self.withdrawalCount) {
                    let part = Array(rest[start..<min(start + Self.withdrawalCount, rest.count)])
                    let done = try remove(part, from: keyspace)
                    count += remaining(of: part, after: done, in: keyspace, of: request).count
                }
            }
            return count
        }
    }

    /// Returns the commands that are not carried out.
    private func remaining(
        of ids: [StreamID], after control: String?, in keyspace: Keyspace, of request: Request
    ) -> [StreamID] {
        guard let control = control.flatMap({ StreamID($0) }), control != request.outdated[keyspace] else { return ids }
        return ids.filter { $0 > control }
    }

    /// - Returns: the last command that was carried out before.
    private func remove(_ ids: [StreamID], from keyspace: Keyspace) throws(RedisError) -> String? {
        try withConnection(to: keyspace) { connection throws(RedisError) in
            var writer = RESPWriter(capacity: 256)
            writer.command("MULTI")
            writer.add("XDEL", key: keyspace.control, ids.map(\.description))
            writer.command("HINCRBY", keyspace.ingest, IngestField.withdrawn, String(ids.count))
            writer.command("HGET", keyspace.ingest, IngestField.control)
            writer.command("EXEC")
            try connection.send(writer)
            var error = try connection.receive().error
            for _ in 0..<3 { error = try connection.receive().error ?? error }
            var reply = try connection.receive()
            if let error = error ?? reply.error { throw error }
            _ = try reply.array()
            for _ in 0..<2 {
                if let error = reply.error { throw error }
                try reply.skip()
            }
            return try reply.string()
        }
    }
}
