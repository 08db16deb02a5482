import HyperoCore
import HyperoRedis
import HyperoSchema

extension Store {
    /// The age in milliseconds of a waiting event from which its experiment may be alive although it looks lost.
    private static let maxWait: Int64 = 600_000
    /// The difference of two clocks in milliseconds that is worth a warning.
    private static let maxOffset: Int64 = 60_000

    /// Returns the time by which the servers' clock is ahead of this host's, in milliseconds: INFO server.
    ///
    /// - Throws: ``QueryError/Code/notUpToDate(reason:)`` if the oldest event that is not applied has waited for ten minutes.
    func clockOffset(
        ofUpToDate keyspaces: Set<Keyspace>, warnings: inout [String]
    ) throws(QueryError) -> Int64 {
        let keyspaces = keyspaces.sorted { ($0.tag.utf8.count, $0.tag) < ($1.tag.utf8.count, $1.tag) }
        var pipeline = CommandPipeline()
        let infos = keyspaces.map { pipeline.append("INFO", "server", in: $0, as: .string) }
        let requests = keyspaces.map { PartitionStatusRequest($0, in: &pipeline) }
        try connections.run(pipeline)
        let local = WallClock.milliseconds
        var oldest = CommandPipeline()
        for request in requests { request.appendOldest(to: &oldest) }
        try connections.run(oldest)
        var offset: Int64?
        for info in infos {
            // The earlier clock of several servers makes experiments younger, which is safe.
            guard let time = try info.valueIfPermitted().flatMap(\.self).flatMap(Self.serverTime) else { continue }
            offset = min(offset ?? .max, time - local)
        }
        if let offset, abs(offset) > Self.maxOffset {
            warnings.append(
                "the clock of the server is \(abs(offset) / 1_000) s \(offset > 0 ? "ahead of" : "behind") that of this host, and ages "
                    + "are measured by it")
        }
        let now = local + (offset ?? 0)
        var ignored: [String] = []
        for request in requests {
            let status = try request.status(warnings: &ignored)
            guard let since = status.waitingSince, now - since > Self.maxWait else { continue }
            throw QueryError(
                .notUpToDate(
                    reason:
                        "events of \(status.tag) wait to be applied since \(dateText(since)), and may be signs of life of "
                        + "experiments that look lost. Start hypero-ingest, and try again when they are applied"))
        }
        return offset ?? 0
    }

    /// Returns the time of INFO in Unix milliseconds; nil if the server does not tell it.
    private static func serverTime(_ info: String) -> Int64? {
        // server_time_usec:1764240000000000
        info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("server_time_usec:") }
            .flatMap { Int64($0.dropFirst("server_time_usec:".count)) }.map { $0 / 1_000 }
    }
}
