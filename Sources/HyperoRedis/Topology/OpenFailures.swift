import HyperoSchema

/// The errors of the servers that were tried in one call of ``Topology``.
struct OpenFailures {
    fileprivate struct Failure {
        let error: RedisError
        /// The number of candidates with this error.
        var count: Int
        /// True if the server is the one that sentinels name as the primary.
        let isNamed: Bool
    }

    private var failures: [Failure] = []
    /// The primary that the sentinel which was asked last has named; nil if it has named none.
    var named: RedisURL?
    private var errors: [RedisURL: RedisError] = [:]

    /// The error of the primary, if it was named before.
    var errorOfNamed: RedisError? { named.flatMap { errors[$0] } }

    /// True if one of the servers is a replica.
    var containReplica: Bool { failures.contains { $0.error.code == .readOnly } }

    /// Appends the error of the named primary, or of a configured server or sentinel.
    ///
    /// - Parameter isFinal: false if the primary may answer when it is waited for longer.
    mutating func append(_ error: RedisError, isFinal: Bool) {
        if isFinal, let named { errors[named] = error }
        let isNamed = named != nil
        if let index = failures.firstIndex(where: { $0.error == error && $0.isNamed == isNamed }) {
            failures[index].count += 1
        } else {
            failures.append(Failure(error: error, count: 1, isNamed: isNamed))
        }
    }

    /// Returns one error for all servers: with the code of one that may be well later, else of the first one.
    func summary(of seed: RedisURL) -> RedisError {
        let code = (failures.first { ![.denied, .refused].contains($0.error.category) } ?? failures.first)?.error.code
        // Servers that fail alike, and nodes of a large cluster, are too many to name.
        let texts = failures.prefix(4).map(\.text).joined(separator: "; ")
        let more = failures.count > 4 ? "; and \(failures.count - 4) more" : ""
        return RedisError(code ?? .connection, "no server of \(seed) can be used: \(texts)\(more)")
    }
}

extension OpenFailures.Failure {
    fileprivate var text: String {
        guard isNamed else { return error.description }
        let text = error.description.hasSuffix(".") ? String(error.description.dropLast()) : error.description
        return "\(text) (the primary that \(count == 1 ? "a sentinel names" : "\(count) sentinels name"))"
    }
}
