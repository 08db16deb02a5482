import ArgumentParser
import HyperoQuery

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        _superCommandName: "hypero-query",
        abstract: "Show everything of one experiment.",
        discussion: """
            A whole id is found at once; the beginning of one has to be looked for among all keys. JSON holds everything, \
            CSV the learning curves.

            EXAMPLES:
              hypero-query show k3v9x2mq7d-17
              hypero-query show k3v --format csv > curves.csv
            """)

    @Argument(help: "The experiment's id, or as much of its beginning as no other has.")
    var experiment: String

    @OptionGroup(title: "Where to look") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let record = try store.store().experiment(experiment)
        try output.show(record, warnings: record.warnings)
    }
}
