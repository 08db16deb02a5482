import ArgumentParser
import HyperoCore
import HyperoIngest
import HyperoRedis
import HyperoSchema

/// The options that all programs of a deployment must share: the Redis server, the namespace and the number of partitions.
struct DeploymentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The Redis server, redis://… or unix://…. (default: HYPERO_REDIS, or redis://127.0.0.1:6379)",
            discussion: "Set a password in HYPERO_REDIS_PASSWORD: other users can read a command line.",
            valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("The prefix of all keys. (default: HYPERO_NAMESPACE, or hypero)", valueName: "name"))
    var namespace: String?

    @Option(
        help: ArgumentHelp(
            "The number of partitions, the same as the clients'. (default: HYPERO_PARTITIONS, or 1)", valueName: "n"))
    var partitions: Int?

    func validate() throws {
        do {
            _ = try settings()
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Returns the settings of the deployment, with defaults from the environment.
    func settings() throws(SchemaError) -> IngestSettings {
        var settings = IngestSettings(redis: try RedisURL(redis))
        settings.namespace = Deployment.namespace(namespace, environment: ProcessEnvironment.value(of:))
        settings.partitions = try Deployment.partitions(partitions, environment: ProcessEnvironment.value(of:))
        try settings.check()
        return settings
    }
}
