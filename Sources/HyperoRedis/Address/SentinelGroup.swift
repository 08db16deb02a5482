/// A primary that sentinels watch, with the account for the sentinels, which is not that of the primary.
///
/// `HYPERO_SENTINEL_USER` and `HYPERO_SENTINEL_PASSWORD`, or the file `HYPERO_SENTINEL_PASSWORD_FILE`, contain the account.
struct SentinelGroup: Sendable, Hashable {
    /// The name of the primary in the configuration of the sentinels.
    let name: String
    let user: String?
    let password: Password?

    init(name: String, environment: (String) -> String?) {
        self.name = name
        user = environment("HYPERO_SENTINEL_USER").flatMap { $0.isEmpty ? nil : $0 }
        password = Password("HYPERO_SENTINEL_PASSWORD", environment)
    }
}
