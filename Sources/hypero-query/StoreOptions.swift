import ArgumentParser
import HyperoQuery

/// Where to look.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "redis://[user[:password]@]host[:port][/db] or unix:///path; else HYPERO_REDIS, else redis://127.0.0.1:6379.",
            valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("What the keys begin with; else HYPERO_NAMESPACE, else hypero.", valueName: "name"))
    var namespace: String?

    @Option(
        help: ArgumentHelp("Into how many partitions the keys are divided; looked up when not given.", valueName: "n"))
    var partitions: Int?

    func store() throws -> Store {
        try Store(redis, namespace: namespace, partitions: partitions)
    }
}
