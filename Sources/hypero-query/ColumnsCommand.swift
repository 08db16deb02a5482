import ArgumentParser
import HyperoQuery

struct ColumnsCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "columns",
        abstract: "List the hyper-parameters, the metadata and the channels of a battery.",
        usage: "hypero-query columns [<options>] <name>",
        discussion: """
            THE TABLE:
              name          the name, as --columns takes it
              kind          param: a hyper-parameter. meta: metadata. channel: a learning
                            curve, or a value at the best epoch
              experiments   those that have the column. Of a channel: those with a finite
                            value at their best epoch. Of the others: counted in batteries
                            of at most 1000 experiments
              distribution  from which the program drew the hyper-parameter
              first seen    the time of the first value

            JSON has one object per line with the keys column, kind, name, experiments, distributions and first_seen. column is \
            the name with its prefix, such as param.lr, max.valid, or curve.loss for a channel that has no value at any best \
            epoch. distributions has one text per different distribution, the newest version's last.

            EXAMPLES:
              hypero-query columns "digits mlp"
              hypero-query columns "digits mlp" --format json | jq -r .name
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let list = try store.store().columns(of: name, version: version)
        try output.write(
            list, warnings: list.warnings,
            advice: [.severalBatteries: BatteryWords.severalBatteriesAdvice("columns", id: list.batteries[0])])
    }
}
