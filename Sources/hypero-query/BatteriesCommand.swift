import ArgumentParser
import HyperoQuery

struct BatteriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batteries",
        _superCommandName: "hypero-query",
        abstract: "List the batteries with their best value.")

    @OptionGroup(title: "Where to look") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let list = try store.store().batteries()
        try output.show(list, warnings: list.warnings)
    }
}
