import ArgumentParser
import HyperoQuery

struct DeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        _superCommandName: "hypero-query",
        abstract: "List the entries that could not be applied, the newest first.",
        discussion: """
            JSON is one object a line with the keys partition, id, when, reason, cut, entry, event, experiment, battery, \
            producer, seq and fields; fields is a list of names and values. hypero-ingest requeue sends letters again, \
            mended or once what was wrong with Redis is mended.

            EXAMPLES:
              hypero-query dead
              hypero-query dead --limit 1000 --format json | jq -r .reason | sort | uniq -c
            """)

    @Option(help: ArgumentHelp("How many, 1 to 100000.", valueName: "n"))
    var limit = 20

    @OptionGroup(title: "Where to look") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { try Store.validate(limit: limit) }

    func run() throws {
        let list = try store.store().deadLetters(limit: limit)
        try output.show(list, warnings: list.warnings)
    }
}
