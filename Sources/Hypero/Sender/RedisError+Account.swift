import HyperoRedis

extension RedisError {
    /// Whether it is this account or this key that is refused, and not the moment or the connection that is bad.
    var isOfTheAccount: Bool {
        switch category {
        case .denied, .refused: true
        case .transient, .moved, .readOnly, .connection: false
        }
    }
}
