import HyperoRedis

extension RedisError {
    /// The same error with the key that it is about, and what to do when that is of a wrong type.
    ///
    /// - Parameter what: as `no stream`.
    func of(_ key: String, holds what: String) -> RedisError {
        guard code == .wrongType else { return RedisError(code, "\(key): \(description)") }
        return RedisError(
            code, "\(key) holds \(what) (WRONGTYPE), and nothing is applied until it is renamed or deleted")
    }
}
