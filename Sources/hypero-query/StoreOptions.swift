import ArgumentParser
import HyperoCommandLine
import HyperoQuery

/// The options that select the server and the keys.
struct StoreOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions

    @Option(help: .partitions(default: "the partitions are discovered"))
    var partitions: Int?

    // An option of a type of its own would cost every start the instantiation of its generic metadata: of the type of --redis
    // it does not.
    @Option(
        help: ArgumentHelp(
            "Show a running experiment as lost after this time without a sign of life, such as 90s, 3m, 2h or 1d. "
                + "(default: 3m)", valueName: "time"))
    var lostAfter: String?

    func validate() throws { _ = try lostAfterSeconds }

    private var lostAfterSeconds: Int {
        get throws {
            guard let lostAfter else { return 180 }
            guard let seconds = parseAge(lostAfter) else {
                throw ValidationError("--lost-after must be a time such as 90s, 3m, 2h or 1d, not '\(lostAfter)'")
            }
            return seconds
        }
    }

    /// Returns the store. Called once by each command.
    func store() throws -> Store {
        server.warn(as: .query)
        return try Store(
            server.redis, namespace: server.namespace, partitions: partitions,
            lostAfter: .seconds(lostAfterSeconds))
    }

    /// Checks `--limit` before the program connects.
    static func validate(limit: Int) throws {
        guard Store.limits.contains(limit) else {
            throw ValidationError(
                "--limit must be between \(Store.limits.lowerBound) and \(Store.limits.upperBound), not \(limit)")
        }
    }
}

/// Returns the seconds of a time span: `90s`, `3m`, `2h`, `1d`, or a number of seconds. Nil if it is malformed or too long.
private func parseAge(_ text: String) -> Int? {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    let unit = text.last.flatMap { units[$0] }
    guard let count = Int(unit == nil ? text[...] : text.dropLast()), count >= 0 else { return nil }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
    return overflow ? nil : seconds
}
