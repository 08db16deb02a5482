import ArgumentParser
import HyperoQuery

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        _superCommandName: "hypero-query",
        abstract: "Show how far the ingest is, how Redis is, and what needs attention.")

    @OptionGroup(title: "Where to look") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let status = try store.store().status()
        // The table and the JSON show the warnings themselves.
        try output.show(status, warnings: output.format == .csv ? status.warnings : [])
    }
}
