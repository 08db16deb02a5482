import HyperoRedis
import Logging

/// Looks once at how the server is set up, and warns of what loses data. An account that may not ask is not bothered.
enum ServerCheck {
    /// INFO server, CONFIG GET maxmemory-policy, CONFIG GET appendonly.
    static func run(_ url: RedisURL, logger: Logger, stop: ShutdownFlag) {
        // A server that is not there is the partition's trouble, and is reported there.
        guard
            var connection = try? RedisConnection.open(
                to: url, name: "hypero-ingest", timeout: .seconds(1), shouldContinue: { !stop.isRequested })
        else { return }
        if var reply = try? connection.call("INFO", "server"), let info = try? reply.string() {
            for warning in warnings(ofInfo: info) { logger.warning("\(warning)") }
        }
        for name in ["maxmemory-policy", "appendonly"] {
            guard var reply = try? connection.call("CONFIG", "GET", name),
                let pair = try? reply.pairs().first, let warning = warning(of: name, pair.value)
            else { continue }
            logger.warning("\(warning)")
        }
    }

    static func warnings(ofInfo info: String) -> [String] {
        for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix("redis_version:") {
            let version = line.dropFirst("redis_version:".count)
            let numbers = version.split(separator: ".").compactMap { Int($0) }
            guard numbers.count >= 2, (numbers[0], numbers[1]) < (6, 2) else { return [] }
            return ["Redis \(version) has no XTRIM MINID, so that its stream grows without end: use 6.2 or later"]
        }
        return []
    }

    static func warning(of name: String, _ value: String) -> String? {
        switch (name, value) {
        case ("maxmemory-policy", "noeviction"), ("maxmemory-policy", ""): nil
        case ("maxmemory-policy", _):
            "Redis evicts keys when memory is short (maxmemory-policy \(value)), which loses results: "
                + "CONFIG SET maxmemory-policy noeviction"
        case ("appendonly", "no"):
            "Redis keeps no append-only file, so that a restart loses results: CONFIG SET appendonly yes"
        default: nil
        }
    }
}
