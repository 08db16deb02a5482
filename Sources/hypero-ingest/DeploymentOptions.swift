import ArgumentParser
import HyperoIngest
import HyperoCore
import HyperoRedis
import HyperoSchema

/// Which Redis, and how the keys are divided: what all who take part must agree on.
struct DeploymentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where Redis is: redis://… or unix://…; else HYPERO_REDIS, else redis://127.0.0.1:6379.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("What all keys start with; else HYPERO_NAMESPACE, else hypero.", valueName: "name"))
    var namespace: String?

    @Option(
        help: ArgumentHelp(
            "How many partitions there are, the same as the clients'; else HYPERO_PARTITIONS, else 1.", valueName: "n"))
    var partitions: Int?

    func validate() throws {
        do {
            _ = try settings()
        } catch {
            throw ValidationError(error.description)
        }
    }

    func settings() throws(SchemaError) -> IngestSettings {
        var settings = IngestSettings(redis: try RedisURL(redis))
        settings.namespace = Deployment.namespace(namespace, environment: ProcessEnvironment.value(of:))
        settings.partitions = try Deployment.partitions(partitions, environment: ProcessEnvironment.value(of:))
        try settings.check()
        return settings
    }
}
