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
