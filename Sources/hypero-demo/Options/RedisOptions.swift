import ArgumentParser

/// The options that name the Redis deployment to log to.
struct RedisOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "redis://[user[:password]@]host[:port][/db] or unix:///path[?db=n]. (default: HYPERO_REDIS, else "
                + "redis://127.0.0.1:6379)",
            discussion: "Set a password in HYPERO_REDIS_PASSWORD: other users can read a command line.",
            valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("The prefix of all keys.", valueName: "word"))
    var namespace = "hypero"

    @Option(help: ArgumentHelp("The number of partitions, the same as the ingest's.", valueName: "count"))
    var partitions = 1

    func validate() throws {
        if let redis, redis.isEmpty {
            throw ValidationError(
                "--redis must not be empty. For example, write --redis redis://127.0.0.1:6379, or omit the option.")
        }
        let isPlain = namespace.unicodeScalars.allSatisfy { !"{}:".unicodeScalars.contains($0) && $0.value > 0x20 }
        guard !namespace.isEmpty, isPlain else {
            throw ValidationError(
                "--namespace must be a word without spaces, braces and colons, not \"\(namespace)\". For example, write "
                    + "--namespace hypero.")
        }
        try TrainingOptions.check("--partitions", is: partitions, within: 1...16_384)
    }

    /// The command line arguments that give a worker the same options, except the URL, which may contain a password.
    var arguments: [String] { ["--namespace=\(namespace)", "--partitions=\(partitions)"] }

    /// The environment variables that give a worker the URL.
    var environment: [String: String] { redis.map { ["HYPERO_REDIS": $0] } ?? [:] }
}
