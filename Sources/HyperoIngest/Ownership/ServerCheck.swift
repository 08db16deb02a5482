import HyperoRedis
import Logging

/// The check at the start that warns of server settings that lose data. Settings that the account is not allowed to
/// read are skipped.
enum ServerCheck {
    /// Reads the settings by INFO server, CONFIG GET maxmemory-policy and CONFIG GET appendonly, and logs warnings.
    static func run(_ url: RedisURL, logger: Logger, shutdown: ShutdownFlag) {
        // If the server cannot be reached, the partition's thread reports it.
        guard
            var connection = try? RedisConnection.open(
                to: url, name: "hypero-ingest", timeout: .seconds(1), shouldContinue: { !shutdown.isRequested })
        else { return }
        if var reply = try? connection.call("INFO", "server"), let info = try? reply.string(),
            let warning = warning(ofInfo: info)
        {
            logger.warning("\(warning)")
        }
        for name in ["maxmemory-policy", "appendonly"] {
            guard var reply = try? connection.call("CONFIG", "GET", name),
                let pair = try? reply.pairs().first, let warning = warning(ofSetting: name, value: pair.value)
            else { continue }
            logger.warning("\(warning)")
        }
    }

    private static func warning(ofInfo info: String) -> String? {
        for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix("redis_version:") {
            let version = line.dropFirst("redis_version:".count)
            let numbers = version.split(separator: ".").compactMap { Int($0) }
            guard numbers.count >= 2, (numbers[0], numbers[1]) < (6, 2) else { return nil }
            return "Redis \(version) has no XTRIM MINID, so streams grow without a limit. Use Redis 6.2 or later"
        }
        return nil
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
