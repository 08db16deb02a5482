import HyperoRedis

extension RedisError {
    /// Whether it is this account or this key that is refused, and not the moment or the connection that is bad.
    var isOfTheAccount: Bool {
        switch self.class {
        case .denied, .refused: true
        case .passing, .moved, .readOnly, .broken: false
        }
    }
}
