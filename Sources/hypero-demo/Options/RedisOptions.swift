import ArgumentParser
import HyperoCommandLine

/// The options that name the Redis deployment to log to.
struct RedisOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions

    @Option(help: .partitions(default: "HYPERO_PARTITIONS, or 1"))
    var partitions: Int?

    var redis: String? { server.redis }
    var namespace: String? { server.namespace }

    func validate() throws {
        if let redis, redis.isEmpty {
            throw ValidationError(
                "--redis must not be empty. For example, write --redis redis://127.0.0.1:6379, or omit the option.")
        }
        if let namespace {
            let isPlain = namespace.unicodeScalars.allSatisfy { !"{}:".unicodeScalars.contains($0) && $0.value > 0x20 }
            guard !namespace.isEmpty, isPlain else {
                throw ValidationError(
                    "--namespace must be a word without spaces, braces and colons, not \"\(namespace)\". For example, "
                        + "write --namespace hypero.")
            }
        }
        if let partitions { try TrainingOptions.check("--partitions", is: partitions, within: 1...16_384) }
    }

    /// The command line arguments that give a worker the same options, except the URL, which may contain a password.
    var arguments: [String] {
        [namespace.map { "--namespace=\($0)" }, partitions.map { "--partitions=\($0)" }].compactMap(\.self)
    }

    /// The environment variables that give a worker the URL.
    var environment: [String: String] { redis.map { ["HYPERO_REDIS": $0] } ?? [:] }
}
