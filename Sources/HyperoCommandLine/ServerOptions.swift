package import ArgumentParser
import HyperoCore
import HyperoRedis
import HyperoSchema

/// The options of every program that select the Redis server and the keys.
package struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The Redis server: redis://host[:port][,host[:port]]…[/db], redis+sentinel://host[:port][,…]/name[/db] or \
            unix:///path[?db=n]. rediss:// is TLS, with ?cacert=file. user[:password]@ may precede the hosts or the \
            path. (default: HYPERO_REDIS, or the server of hypero up if it runs, or redis://127.0.0.1:6379)
            """,
            discussion: "Set a password in HYPERO_REDIS_PASSWORD: other users can read a command line.",
            valueName: "url"))
    package var redis: String?

    @Option(help: ArgumentHelp("The prefix of all keys. (default: HYPERO_NAMESPACE, or hypero)", valueName: "name"))
    package var namespace: String?

    package init() {}

    /// Prints the warnings about the account in `--redis` and about files that every user can read or change. Called once, when the program starts to work.
    package func warn(as program: Program) {
        if let warning = Self.warning(about: redis, environment: ProcessEnvironment.value(of:)) {
            program.printError(warning)
        }
        // An error of the URL is reported when it is used.
        for warning in (try? RedisURL(redis))?.fileWarnings ?? [] { program.printError(warning) }
    }

    /// Returns a warning if the URL of `--redis` contains a password, or a user that may be a misplaced password.
    package static func warning(about url: String?, environment: (String) -> String?) -> String? {
        switch RedisURL.account(in: url ?? "") {
        case .none: nil
        case .withPassword:
            "--redis contains a password, which other users of this machine can read in the list of processes. "
                + "Set HYPERO_REDIS_PASSWORD instead"
        case .userOnly where environment("HYPERO_REDIS_PASSWORD") == nil && environment("REDISCLI_AUTH") == nil:
            "--redis has a user and no password. A password without a user is written redis://:password@host, or better "
                + "set in HYPERO_REDIS_PASSWORD"
        case .userOnly: nil
        }
    }
}

extension ArgumentHelp {
    /// The help of `--partitions`.
    ///
    /// - Parameter default: the number of partitions without the option.
    package static func partitions(default: String) -> ArgumentHelp {
        ArgumentHelp("The number of partitions of the deployment. (default: \(`default`))", valueName: "n")
    }
}
