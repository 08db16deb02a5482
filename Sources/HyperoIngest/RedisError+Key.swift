import HyperoRedis
import HyperoSchema

extension RedisError {
    /// A type of value that the ingest keeps at a key.
    enum KeyType: String {
        case hash, stream, string
        case sortedSet = "sorted set"
    }

    /// Returns the error with the key in its description. If the key has a value of another type, the description also
    /// contains the correction.
    func naming(key: String, expected type: KeyType) -> RedisError {
        guard code == .wrongType else { return preceded(by: "\(key): ") }
        return RedisError(
            code,
            "\(key) must be a \(type.rawValue): WRONGTYPE. Rename or delete the key")
    }
}

extension RedisError {
    /// The description for the log of the ingest. If the account lacks a right, with the command that prints all of them.
    var report: String { code == .noPermission ? "\(description). \(AccountRole.ingest.advice)" : description }
}
