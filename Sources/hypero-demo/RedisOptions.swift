import ArgumentParser

/// Where the log goes to.
struct RedisOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "redis://[user[:password]@]host[:port][/db] or unix:///path. (default: $HYPERO_REDIS, then redis://127.0.0.1:6379)",
            discussion: "Keep a password in $HYPERO_REDIS_PASSWORD: other users can see a command line.",
            valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("The first word of all keys.", valueName: "word"))
    var namespace = "hypero"

    @Option(help: ArgumentHelp("As many as the ingest was told.", valueName: "count"))
    var partitions = 1

    func validate() throws {
        if let redis, redis.isEmpty {
            throw ValidationError(
                "--redis is empty; write for example --redis redis://127.0.0.1:6379, or leave it out.")
        }
        let isPlain = namespace.unicodeScalars.allSatisfy { !"{}:".unicodeScalars.contains($0) && $0.value > 0x20 }
        guard !namespace.isEmpty, isPlain else {
            throw ValidationError(
                "--namespace is \"\(namespace)\", it must be a word without spaces, braces and colons, like hypero.")
        }
        try TrainingOptions.check("--partitions", partitions, within: 1...16_384)
    }

    /// The command line that gives a worker the same options, but for the URL: it may hold a password, and goes by
    /// `environment`.
    var arguments: [String] { ["--namespace=\(namespace)", "--partitions=\(partitions)"] }

    /// What to add to a worker's environment.
    var environment: [String: String] { redis.map { ["HYPERO_REDIS": $0] } ?? [:] }
}
