import HyperoRedis
import HyperoSchema

/// The reply of one command of a ``CommandPipeline``, available after ``ConnectionPool/run(_:)``.
final class PendingReply<Value> {
    let command: [String]
    /// The value; nil before the pipeline has run, and if the command failed.
    private(set) var value: Value?
    /// The error reply and the server that sent it; nil before the pipeline has run, and if the command succeeded.
    private(set) var failure: (error: RedisError, server: RedisURL)?

    init(to command: [String]) {
        self.command = command
    }

    /// Creates the reply of a command that failed.
    init(to command: [String], failed error: RedisError, _ server: RedisURL) {
        self.command = command
        failure = (error, server)
    }

    /// True until the reply has arrived.
    var isPending: Bool { value == nil && failure == nil }

    /// Reads the reply, or keeps its error.
    func read(_ reply: inout Reply, with reader: ReplyReader<Value>, from server: RedisURL) {
        do throws(RedisError) {
            value = try reader.read(&reply)
        } catch {
            failure = (error, server)
        }
    }

    /// The error, if the account must not run the command or read the key.
    var denial: QueryError? { failure?.error.category == .denied ? queryError : nil }

    /// The error, if the server refused the command for another reason than the type of the key, for example because it does
    /// not know the command.
    var refusal: QueryError? {
        guard let error = failure?.error, error.category == .refused, error.code != .wrongType else { return nil }
        return queryError
    }

    /// True if the key holds a value of another type.
    var isOfWrongType: Bool { failure?.error.code == .wrongType }

    /// Returns the value. If the server refused the command, for example because the key holds another type, returns
    /// the fallback and adds a warning.
    ///
    /// - Throws: any other error, because later commands would fail with it too.
    func value(or fallback: Value, warnings: inout [String]) throws(QueryError) -> Value {
        if let value { return value }
        guard let failure, failure.error.category == .refused else { throw queryError }
        let key = command.count > 1 ? command[1] : ""
        let warning =
            failure.error.code == .wrongType
            ? WrongTypes.warning(of: key) : "\(command[0]) \(printable(key)) failed: \(failure.error)"
        // Several commands may read one key.
        if warnings.last != warning { addScanWarning(warning, to: &warnings) }
        return fallback
    }

    /// Returns the value, or nil if the server refused the command, because an older server may not know it.
    ///
    /// - Throws: any other error. A missing permission is one: a fallback would look like a value that was read.
    func valueIfAvailable() throws(QueryError) -> Value? {
        if let value { return value }
        guard failure?.error.category == .refused else { throw queryError }
        return nil
    }

    /// Returns the value, or nil if the server refused the command or denies it to the account. Only for values that the result
    /// reports as unknown without them, and for checks that change no value.
    ///
    /// - Throws: any other error.
    func valueIfPermitted() throws(QueryError) -> Value? {
        denial == nil ? try valueIfAvailable() : nil
    }

    private var queryError: QueryError {
        guard let failure else { preconditionFailure("the pipeline of \(command.prefix(2)) has not run") }
        return QueryError(failure.error, server: failure.server)
    }
}

/// Adds a warning about stored data. A query of a million malformed hashes keeps the first thousand warnings.
func addScanWarning(_ warning: String, to warnings: inout [String]) {
    if warnings.count < 1_000 { warnings.append(warning) }
}
