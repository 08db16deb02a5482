import ArgumentParser
import HyperoCommandLine
import HyperoQuery

/// The options that select the server and the keys.
struct StoreOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions

    // Unconditional, so that a negative number gets the message about the range. So are the other numbers.
    @Option(parsing: .unconditional, help: .partitions(default: "the partitions are discovered"))
    var partitions: Int?

    /// Returns the store. Called once by each command.
    ///
    /// - Parameter lostAfter: the value of `--lost-after`; nil without it.
    func store(lostAfter: String? = nil) throws -> Store {
        server.warn(as: .query)
        let store = try Store(
            server.redis, namespace: server.namespace, partitions: partitions,
            lostAfter: LostAfter.duration(in: lostAfter))
        Self.opened = store
        return store
    }

    // Used by the main thread only. A watch, whose store another thread uses, sets it to nil.
    nonisolated(unsafe) private static var opened: Store?

    /// True if a query of the command has left out a partition.
    static var hasLeftOut: Bool { opened?.hasLeftOut ?? false }

    /// Gives the store to another thread, so that the exit status does not depend on it.
    static func release() { opened = nil }

    /// The advice for a store without batteries.
    var emptyStoreAdvice: String {
        // A wrong number of partitions finds nothing, while a query without the option finds all.
        partitions == nil
            ? "If trainings have logged, check --redis and --namespace, and see hypero-query status"
            : "If trainings have logged, leave out --partitions, which are then discovered, check --redis and --namespace, and "
                + "see hypero-query status"
    }

    /// Returns the advice for a result that has fewer rows than there are.
    static func limitAdvice(for count: Int) -> String {
        let most = Store.limits.upperBound
        return count > most ? "Use --limit \(most) for more" : "Use --limit \(count) for all"
    }

    /// Checks `--limit` before the program connects.
    static func validate(limit: Int) throws {
        guard Store.limits.contains(limit) else {
            throw ValidationError(
                "--limit must be between \(Store.limits.lowerBound) and \(Store.limits.upperBound), not \(limit)")
        }
    }
}

/// The option `--lost-after` of the commands that show experiments.
///
/// The commands declare the option themselves, as a text: a group or a type of its own would cost every start the
/// instantiation of its generic metadata.
enum LostAfter {
    static let help = ArgumentHelp(
        "Show a running experiment as lost after this time without a sign of life: 180 or 180s, 3m, 2h or 1d. (default: 3m)",
        valueName: "time")

    /// Returns the duration of the option's value: a number of seconds, or a span with units as in a filter.
    static func duration(in text: String?) throws -> Duration {
        guard let text else { return .seconds(180) }
        guard let milliseconds = FilterDuration.milliseconds(in: text) else {
            throw ValidationError("--lost-after must be a time such as 180, 180s, 3m, 2h or 1d, not '\(text)'")
        }
        return .milliseconds(milliseconds)
    }
}
