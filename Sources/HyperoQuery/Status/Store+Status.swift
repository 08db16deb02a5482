import HyperoCore
import HyperoRedis
import HyperoSchema

extension Store {
    /// Looks how far the ingest is and how the servers are.
    ///
    ///     for warning in try store.status().warnings { print(warning) }
    ///
    /// Three round trips: the partitions, all of what is known of them, and the age of what waits.
    ///
    /// - Parameter now: what "long ago" is measured from, in Unix milliseconds; nil for the present.
    /// - Throws: ``QueryError`` when Redis cannot be asked. What an account may not ask is left out.
    public func status(now: Int64? = nil) throws(QueryError) -> StoreStatus {
        var warnings: [String] = []
        var partitions = try partitions(&warnings)
        if partitions.isEmpty { partitions = [layout.undivided] }
        var batch = CommandPipeline()
        let questions = partitions.map { PartitionStatusRequest($0, in: &batch) }
        var asked: Set<RedisURL> = []
        let servers = partitions.filter { asked.insert(session.place(of: $0)).inserted }.map { place in
            let answer = batch.ask(place, "INFO") { reply throws(RedisError) in try reply.string() ?? "" }
            return (url: session.place(of: place), answer: answer)
        }
        let strays = layout.others.map { place in
            (place, batch.ask(place, "XLEN", place.events) { reply throws(RedisError) in try reply.integer() })
        }
        try session.run(batch)
        try ask(questions)

        let now = now ?? WallClock.milliseconds
        let partitionStatuses = try session.checked { () throws(RedisError) in
            try questions.map { question throws(RedisError) in try question.status(&warnings) }
        }
        let serverStatuses = try session.checked { () throws(RedisError) in
            try servers.map { server throws(RedisError) in
                ServerStatus(url: "\(server.url)", info: try server.answer.valueIfGiven())
            }
        }
        for server in serverStatuses { warnings += server.warnings }
        for partition in partitionStatuses { warnings += partition.warnings(now: now) }
        var waiting: [(tag: String, count: Int)] = []
        for (place, answer) in strays {
            let count = try session.checked { () throws(RedisError) in try answer.valueIfGiven() ?? 0 }
            if count > 0 { waiting.append((place.tag, count)) }
        }
        warnings += layoutWarnings(partitions: partitions, strays: waiting)
        return StoreStatus(servers: serverStatuses, partitions: partitionStatuses, warnings: warnings)
    }

    /// Asks when the first entries came that are not applied yet.
    private func ask(_ questions: [PartitionStatusRequest]) throws(QueryError) {
        var batch = CommandPipeline()
        for question in questions { question.askOldest(in: &batch) }
        try session.run(batch)
    }

    private func layoutWarnings(partitions: [Keyspace], strays: [(tag: String, count: Int)]) -> [String] {
        if partitions.count > 1, partitions.contains(layout.undivided) {
            return [
                "there is an undivided \(layout.undivided.tag) beside \(partitions.count - 1) partitions: "
                    + "somebody runs with other partitions than the rest; once nobody logs to it, "
                    + "hypero-ingest --partitions 1 --drain applies what waits there"
            ]
        }
        return strays.map {
            "\(counted($0.count)) in \($0.tag):events, which --partitions \(partitions.count) does not read: "
                + "somebody logs with other partitions; hypero-ingest with theirs and --drain applies what waits there"
        }
    }
}
