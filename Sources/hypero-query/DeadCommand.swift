import ArgumentParser
import HyperoQuery

struct DeadCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "List the dead letters, the entries that could not be applied, newest first.",
        usage: "hypero-query dead [<options>]",
        discussion: """
            hypero-ingest requeue sends dead letters again, corrected or as they are.

            JSON has one object per line with the keys partition, id, when, reason, cut, entry, event, experiment, battery, \
            producer, seq and fields. fields is an array of name and value pairs.

            EXAMPLES:
              hypero-query dead
              hypero-query dead --limit 1000 --format json | jq -r .reason | sort | uniq -c
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The maximum number of dead letters, 1 to 100000.", valueName: "n"))
    var limit = 20

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { try StoreOptions.validate(limit: limit) }

    func run() throws {
        let list = try store.store().deadLetters(limit: limit)
        try output.write(
            list, warnings: list.warnings, advice: [.moreRows: StoreOptions.limitAdvice(for: list.count)])
    }
}
