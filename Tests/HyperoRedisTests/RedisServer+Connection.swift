import HyperoRedis
import TestSupport

extension RedisServer {
    /// Returns a connection to the socket of the server.
    func connect(
        timeout: Duration = .seconds(30), shouldContinue: @escaping () -> Bool = { true }
    ) throws -> RedisConnection {
        try .open(to: RedisURL(url), name: "test", timeout: timeout, shouldContinue: shouldContinue)
    }

    /// The number of connections named `test`.
    var connections: Int { cli("CLIENT", "LIST").split(separator: "\n").count { $0.contains("name=test") } }
}

/// Returns the error that the body throws; nil if it throws none.
///
/// `#expect(throws:)` does not accept a closure that captures a connection, which is not copyable.
func redisError(_ body: () throws -> Void) -> RedisError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RedisError
    }
}
