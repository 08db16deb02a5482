import HyperoRedis

/// What a command of a ``CommandPipeline`` will be answered, once the batch has run.
final class PendingReply<Value> {
    private let command: [String]
    private var taken: Result<Value, RedisError>?

    init(to command: [String]) {
        self.command = command
    }

    var result: Result<Value, RedisError> {
        get { taken ?? .failure(RedisError(.connection, "\(question) was not sent")) }
        set { taken = newValue }
    }

    /// The command's name and its key.
    private var question: String { command.prefix(2).joined(separator: " ") }

    /// The answer, or a fallback and a warning when the key holds something of another type.
    ///
    /// - Throws: the other errors: those that another question would meet too.
    func value(or fallback: Value, _ warnings: inout [String]) throws(RedisError) -> Value {
        do throws(RedisError) {
            return try result.get()
        } catch {
            guard error.category == .refused else { throw error }
            warnings.append("\(question) is left out: \(error)")
            return fallback
        }
    }

    /// The answer, or nil when the server does not give it: an older one, or one that does not let us.
    func valueIfGiven() throws(RedisError) -> Value? {
        do throws(RedisError) {
            return try result.get()
        } catch {
            guard error.category == .refused || error.category == .denied else { throw error }
            return nil
        }
    }
}
