import ArgumentParser
import HyperoQuery

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the backlog of the ingest, the state of Redis, and warnings.",
        discussion: """
            JSON is one object with the keys servers, partitions and warnings. CSV has the partitions, with the \
            warnings on standard error.

            EXAMPLES:
              hypero-query status
              hypero-query status --format json | jq -r '.warnings[]'
            """)

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let status = try store.store().status()
        // The table and the JSON contain the warnings.
        try output.write(status, warnings: output.format == .csv ? status.warnings : [])
    }
}
