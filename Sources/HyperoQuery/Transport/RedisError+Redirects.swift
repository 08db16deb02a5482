import HyperoRedis

extension RedisError {
    /// True if the server would answer other commands for the partition.
    var isOfOneCommand: Bool {
        switch category {
        case .transient, .migrating, .elsewhere, .moved: false
        case .denied, .connection, .refused: true
        }
    }
}

extension RedisError.Code {
    /// True for an error that names the server to ask.
    var isRedirect: Bool {
        switch self {
        case .moved, .ask: true
        default: false
        }
    }

    /// The code of a redirect of the slot for a redirect of one key, which is checked in the same way.
    var asMoved: RedisError.Code {
        if case .ask(let host, let port) = self { .moved(host: host, port: port) } else { self }
    }
}
