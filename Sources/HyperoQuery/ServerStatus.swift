/// What a Redis server says of itself; nil where it does not, or does not let us ask.
public struct ServerStatus: Sendable, Hashable {
    /// Where it is, without the password.
    public let url: String
    /// `Redis 7.0.15`, `Valkey 8.0.1`.
    public let version: String?
    /// Bytes in use.
    public let memory: Int?
    /// The most bytes it may use; 0 for no limit.
    public let maxMemory: Int?
    /// What it does when it is full; only `noeviction` keeps what it was given.
    public let evictionPolicy: String?
    /// Whether it writes an append-only file.
    public let hasAppendOnlyFile: Bool?
}
