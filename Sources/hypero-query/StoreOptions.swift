import ArgumentParser
import HyperoQuery

/// The options that select the server and the keys.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The server: redis://[user[:password]@]host[:port][/db] or unix:///path[?db=n]. (default: HYPERO_REDIS, or \
            redis://127.0.0.1:6379)
            """, valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("The namespace of the keys. (default: HYPERO_NAMESPACE, or hypero)", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The number of partitions. (default: the partitions are discovered)", valueName: "n"))
    var partitions: Int?

    func store() throws -> Store {
        try Store(redis, namespace: namespace, partitions: partitions)
    }

    /// Checks `--limit` before the program connects.
    static func validate(limit: Int) throws {
        guard Store.limits.contains(limit) else {
            throw ValidationError(
                "--limit must be between \(Store.limits.lowerBound) and \(Store.limits.upperBound), not \(limit)")
        }
    }
}
