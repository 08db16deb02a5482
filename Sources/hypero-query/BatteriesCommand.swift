import ArgumentParser
import HyperoQuery

struct BatteriesCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "batteries",
        abstract: "List the batteries with the number of their experiments and their best value.",
        usage: "hypero-query batteries [<options>]",
        discussion: """
            JSON has one object per line with the keys id, name, version, description, objective, direction, created, \
            updated, experiments, best, best_experiment and best_status. The table has the status of the best experiment after \
            its value if it failed, was stopped or was lost.

            EXAMPLES:
              hypero-query batteries
              hypero-query batteries --format json | jq -r .name
            """)

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let list = try store.store().batteries()
        try output.write(list, warnings: list.warnings, advice: [.noBatteries: store.emptyStoreAdvice])
    }
}
