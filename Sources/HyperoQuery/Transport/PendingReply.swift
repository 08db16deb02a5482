import HyperoRedis

/// The reply of one command of a ``CommandPipeline``, available after ``ConnectionPool/run(_:)``.
final class PendingReply<Value> {
    private let command: [String]
    private var received: (result: Result<Value, RedisError>, server: RedisURL)?

    init(to command: [String]) {
        self.command = command
    }

    /// Reads the reply. An error is kept in ``result``.
    func read(_ reply: inout Reply, with reader: ReplyReader<Value>, from server: RedisURL) {
        do throws(RedisError) {
            received = (.success(try reader.read(&reply)), server)
        } catch {
            received = (.failure(error), server)
        }
    }

    /// The value, or the error reply. Must not be used before the pipeline has run.
    var result: Result<Value, RedisError> { reply.result }

    /// The error, if the account must not run the command or read the key.
    var denial: QueryError? {
        guard case .failure(let error) = result, error.category == .denied else { return nil }
        return QueryError(error, server: reply.server)
    }

    /// Returns the value. If the server refused the command, for example because the key holds another type, returns
    /// the fallback and adds a warning.
    ///
    /// - Throws: any other error, since further commands would meet it too.
    func value(or fallback: Value, warnings: inout [String]) throws(QueryError) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let error) where error.category == .refused:
            warnings.append("\(command.prefix(2).joined(separator: " ")) failed: \(error)")
            return fallback
        case .failure(let error): throw QueryError(error, server: reply.server)
        }
    }

    /// Returns the value, or nil if the server refused or denied the command: an older server may not know the command,
    /// and an account may lack the permission.
    ///
    /// - Throws: any other error.
    func valueIfAvailable() throws(QueryError) -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(let error) where error.category == .refused || error.category == .denied: return nil
        case .failure(let error): throw QueryError(error, server: reply.server)
        }
    }

    private var reply: (result: Result<Value, RedisError>, server: RedisURL) {
        guard let received else { preconditionFailure("the pipeline of \(command.prefix(2)) has not run") }
        return received
    }
}
