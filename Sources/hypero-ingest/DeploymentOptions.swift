import ArgumentParser
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoRedis
import HyperoSchema

/// The options that all programs of a deployment must share: the Redis server, the namespace and the number of partitions.
struct DeploymentOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions

    // Unconditional, so that a negative number gets the message about the range.
    @Option(parsing: .unconditional, help: .partitions(default: "HYPERO_PARTITIONS, or 1"))
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
        var settings = IngestSettings(redis: try RedisURL(server.redis))
        settings.namespace = Deployment.namespace(server.namespace, environment: ProcessEnvironment.value(of:))
        settings.partitions = try Deployment.partitions(partitions, environment: ProcessEnvironment.value(of:))
        try settings.check()
        return settings
    }
}

/// The option that names the folder of the journals on this host.
struct JournalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder of the journals. (default: HYPERO_JOURNAL, or hypero/journal under XDG_STATE_HOME, or "
                + "hypero-<uid>/journal in the folder for temporary files)", valueName: "folder"))
    var journal: String?
}
