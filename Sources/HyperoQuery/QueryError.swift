import HyperoRedis

/// A question that could not be answered; the description is one sentence that says why and what to do.
public struct QueryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// What was asked for does not exist; the description names what comes nearest.
        case notFound
        /// Several experiments begin with the text that was given; the description names some.
        case ambiguous
        /// What was asked makes no sense, as a limit of 0.
        case invalid
        /// Redis is not there, does not answer or is not ready.
        case unreachable
        /// Redis does not let us in, or does not let us read.
        case denied
        /// Redis answered, but not what can be understood.
        case refused
    }

    /// What kind of trouble it is.
    public let code: Code
    /// One sentence for a person, without secrets.
    public let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: RedisError, at url: RedisURL) {
        // Redis ends some of its errors with a full stop, and the sentence goes on.
        let error = RedisError(error.code, "\(error)".hasSuffix(".") ? String("\(error)".dropLast()) : "\(error)")
        // Errors of connecting name the server themselves.
        let reason = "\(error)".contains("\(url)") ? "\(error)" : "\(error) (\(url))"
        switch error.category {
        case .denied:
            self.init(
                .denied,
                "Redis does not let us read: \(reason); give an account that may, with its password in "
                    + "HYPERO_REDIS_PASSWORD or in the URL")
        case .connection:
            self.init(
                .unreachable,
                "Redis is not reachable: \(reason); start it, or say where it is with --redis or HYPERO_REDIS")
        case .transient, .moved, .readOnly:
            self.init(.unreachable, "\(url) is not ready (\(error)): try again in a moment")
        case .refused:
            self.init(.refused, "\(url) refuses it: \(error)")
        }
    }
}
