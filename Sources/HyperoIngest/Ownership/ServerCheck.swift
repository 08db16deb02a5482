import HyperoCore
import HyperoRedis
import Logging

/// The check at the start that warns of server settings that lose data. Settings that the account is not allowed to
/// read are skipped.
enum ServerCheck {
    /// Reads the settings by INFO, CONFIG GET maxmemory-policy and CONFIG GET appendonly, and logs warnings.
    static func run(_ url: RedisURL, logger: Logger, shutdown: ShutdownFlag) {
        // If the server cannot be reached, the partition's thread reports it.
        var topology = Topology(seed: url)
        guard
            var connection = try? topology.open(
                for: .writing, name: "hypero-ingest", timeout: .seconds(1), bounds: .small,
                shouldContinue: { !shutdown.isRequested })
        else { return }
        if var reply = try? connection.call("INFO"), let info = try? reply.string() {
            for warning in warnings(ofInfo: info) { logger.warning("\(warning)") }
        }
        for name in ["maxmemory-policy", "appendonly"] {
            guard var reply = try? connection.call("CONFIG", "GET", name),
                let pair = try? reply.pairs().first, let warning = warning(ofSetting: name, value: pair.value)
            else { continue }
            logger.warning("\(warning)")
        }
    }

    /// Logs the hosts of several ones that have no address. Runs on a thread of its own, for which nothing waits: a lookup may take
    /// long.
    static func reportUnknownHosts(of url: RedisURL, logger: Logger, shutdown: ShutdownFlag) {
        guard url.namesSeveral else { return }
        _ = NamedThread.start("ingest-hosts") {
            for message in url.unknownHosts(shouldContinue: { !shutdown.isRequested }) where !shutdown.isRequested {
                logger.warning("\(message)")
            }
        }
    }

    /// Returns the warnings about a reply to INFO.
    static func warnings(ofInfo info: String) -> [String] {
        let info = ServerInfo(info)
        var warnings: [String] = []
        let version = info["redis_version"] ?? ""
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        if numbers.count >= 2, (numbers[0], numbers[1]) < (6, 2) {
            warnings.append(
                "Redis \(version) has no XTRIM MINID, so streams grow without a limit. Use Redis 6.2 or later")
        }
        if info.mayLoseAcknowledgedWrites {
            warnings.append(
                "min-replicas-to-write is 0: a primary that is cut off from its replicas accepts events, and loses them when "
                    + "a replica is promoted. With two or more replicas, to stop it within seconds: CONFIG SET min-replicas-to-write 1"
            )
        }
        return warnings
    }

    private static func warning(ofSetting name: String, value: String) -> String? {
        switch (name, value) {
        case ("maxmemory-policy", "noeviction"), ("maxmemory-policy", ""): nil
        case ("maxmemory-policy", _):
            "maxmemory-policy is \(value): Redis evicts results when memory is short. "
                + "To keep them: CONFIG SET maxmemory-policy noeviction"
        case ("appendonly", "no"):
            "appendonly is no: a restart of Redis loses results. To keep them: CONFIG SET appendonly yes"
        default: nil
        }
    }
}
