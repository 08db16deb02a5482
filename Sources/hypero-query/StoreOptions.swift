import ArgumentParser
import HyperoCommandLine
import HyperoQuery

/// The options that select the server and the keys.
struct StoreOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions

    @Option(help: .partitions(default: "the partitions are discovered"))
    var partitions: Int?

    /// Returns the store. Called once by each command.
    func store() throws -> Store {
        server.warn(as: .query)
        return try Store(server.redis, namespace: server.namespace, partitions: partitions)
    }

    /// Checks `--limit` before the program connects.
    static func validate(limit: Int) throws {
        guard Store.limits.contains(limit) else {
            throw ValidationError(
                "--limit must be between \(Store.limits.lowerBound) and \(Store.limits.upperBound), not \(limit)")
        }
    }
}
