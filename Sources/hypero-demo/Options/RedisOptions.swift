import ArgumentParser

/// The options that name the Redis deployment to log to.
struct RedisOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "redis://[user[:password]@]host[:port][/db] or unix:///path[?db=n]. (default: HYPERO_REDIS, or "
                + "redis://127.0.0.1:6379)",
            discussion: "Set a password in HYPERO_REDIS_PASSWORD: other users can read a command line.",
            valueName: "url"))
    var redis: String?

    @Option(
        help: ArgumentHelp("The prefix of all keys. (default: HYPERO_NAMESPACE, or hypero)", valueName: "word"))
    var namespace: String?

    @Option(
        help: ArgumentHelp(
            "The number of partitions, the same as the ingest's. (default: HYPERO_PARTITIONS, or 1)",
            valueName: "count"))
    var partitions: Int?

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
