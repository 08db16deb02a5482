import ArgumentParser
import HyperoQuery

struct VersionsCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List the versions of a battery, with their descriptions, experiments and best values.",
        usage: "hypero-query versions [<options>] <name>",
        discussion: """
            A battery is a name, a version and a description. Batteries of one version differ in their descriptions, and have one \
            row each. A later declaration with another objective or direction has no effect: the column declared again with has it.

            JSON has one object per line with the keys id, name, version, description, objective, direction, created, \
            updated, experiments, best, best_experiment, best_status and conflict.

            EXAMPLES:
              hypero-query versions "digits mlp"
              hypero-query versions "digits mlp" --format json | jq -r .id
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let list = try store.store().versions(of: name)
        try output.write(list, warnings: list.warnings)
    }
}
