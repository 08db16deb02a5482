import HyperoRedis
import HyperoSchema

/// The state around searches that their hashes do not have: their batteries, rungs and open trials.
struct SearchSurroundings {
    struct Member {
        let battery: StoredBattery?
        /// The objective that the partition declares; nil if it is not known.
        let objective: (channel: String, direction: Direction)?
        let rungs: [SearchReport.Rung]
        var running = 0
        var unstarted = 0
        var lost = 0
    }

    /// One element per search.
    private(set) var of: [Member] = []

    /// Reads the state, in two round trips.
    init(of searches: [StoredSearch], in store: Store, warnings: inout [String]) throws(QueryError) {
        var pipeline = CommandPipeline()
        var batteries: [String: PendingReply<[String?]>] = [:]
        var producers = ProducerTimes()
        var clocks: [Keyspace: PendingReply<String?>] = [:]
        var counts: [[PendingReply<Int>]] = []
        for search in searches {
            let keyspace = search.keyspace
            if let id = search.battery, batteries[keyspace.battery(id)] == nil {
                batteries[keyspace.battery(id)] = pipeline.append(
                    arguments: ["HMGET", keyspace.battery(id)] + StoredBattery.fields(channel: nil), in: keyspace,
                    as: .optionalStrings)
            }
            for trial in search.open.values where trial.time > 0 {
                if let holder = trial.holder { producers.append(holder, in: keyspace, to: &pipeline) }
            }
            counts.append(
                (search.rule?.rungs ?? []).map {
                    pipeline.append("ZCARD", keyspace.rung($0, of: search.id), in: keyspace, as: .count)
                })
            if clocks[keyspace] == nil {
                clocks[keyspace] = pipeline.append("INFO", "server", in: keyspace, as: .string)
            }
        }
        try store.connections.run(pipeline)

        var stored: [StoredBattery?] = []
        for search in searches {
            let reply = search.battery.flatMap { batteries[search.keyspace.battery($0)] }
            let values = try reply?.value(or: [], warnings: &warnings) ?? []
            guard let id = search.battery, values.contains(where: { $0 != nil }) else {
                warnings.append(
                    "the battery of search '\(search.id.text)', '\(search.battery?.text ?? "")', is not declared in its partition, so "
                        + "that the best trial is not known")
                stored.append(nil)
                continue
            }
            stored.append(StoredBattery(id: id, in: search.keyspace, values: values, warnings: &warnings))
        }
        let rungs = try Self.rungs(of: searches, stored, counts, in: store, warnings: &warnings)
        for (index, search) in searches.enumerated() {
            let (keyspace, battery) = (search.keyspace, stored[index])
            let declaration = battery?.declarations[keyspace]
            var member = Member(
                battery: battery,
                objective: declaration.flatMap { declaration in
                    declaration.objective.map { (channel: $0, direction: declaration.direction) }
                }, rungs: rungs[index])
            let now = try clocks[keyspace]?.valueIfPermitted().flatMap(\.self).flatMap(Self.time) ?? store.clock()
            for trial in search.open.values {
                // The ingest takes the time of the producer before it gives the trial to another process.
                let producer = try producers.time(of: trial.holder, in: keyspace)
                let seen = trial.time > 0 ? max(trial.time, producer ?? 0) : 0
                if seen == 0 || now.subtractingReportingOverflow(seen).partialValue >= search.silence {
                    member.lost += 1
                } else if trial.isStarted {
                    member.running += 1
                } else {
                    member.unstarted += 1
                }
            }
            of.append(member)
        }
    }

    /// Returns the number of trials in each rung, and the value that goes on.
    private static func rungs(
        of searches: [StoredSearch], _ batteries: [StoredBattery?], _ counts: [[PendingReply<Int>]], in store: Store,
        warnings: inout [String]
    ) throws(QueryError) -> [[SearchReport.Rung]] {
        var pipeline = CommandPipeline()
        var replies: [[(epoch: Int, count: Int, kept: Int, value: PendingReply<[(name: String, value: String)]>?)]] = []
        for (index, search) in searches.enumerated() {
            guard let rule = search.rule else {
                replies.append([])
                continue
            }
            let direction = batteries[index]?.declarations[search.keyspace]?.direction
            var ofSearch: [(epoch: Int, count: Int, kept: Int, value: PendingReply<[(name: String, value: String)]>?)] =
                []
            for (epoch, reply) in zip(rule.rungs, counts[index]) {
                let count = try reply.value(or: 0, warnings: &warnings)
                let kept = min(rule.lastKept(of: count), count)
                var value: PendingReply<[(name: String, value: String)]>?
                if kept > 0, let direction {
                    let place = String(kept - 1)
                    value = pipeline.append(
                        arguments: ["ZRANGE", search.keyspace.rung(epoch, of: search.id), place, place]
                            + (direction == .max ? ["REV"] : []) + ["WITHSCORES"], in: search.keyspace, as: .pairs)
                }
                ofSearch.append((epoch, count, kept, value))
            }
            replies.append(ofSearch)
        }
        try store.connections.run(pipeline)
        var rungs: [[SearchReport.Rung]] = []
        for replies in replies {
            var ofSearch: [SearchReport.Rung] = []
            for reply in replies {
                let member = try reply.value?.value(or: [], warnings: &warnings).first
                ofSearch.append(
                    SearchReport.Rung(
                        epoch: reply.epoch, count: reply.count, kept: reply.kept,
                        number: member.flatMap { Number(text: $0.value) }))
            }
            rungs.append(ofSearch)
        }
        return rungs
    }

    /// Returns the time of the server in Unix milliseconds, from the section `server` of INFO; nil if it lacks the time.
    private static func time(in info: String) -> Int64? {
        let lines = info.split(whereSeparator: \.isNewline)
        return lines.lazy.compactMap { String($0).dropping(prefix: "server_time_usec:") }.first
            .flatMap { Int64($0) }.map { $0 / 1_000 }
    }
}
