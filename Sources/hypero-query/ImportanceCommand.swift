import ArgumentParser
import HyperoQuery

struct ImportanceCommand: StoreCommand, FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "importance",
        abstract: "Show which hyper-parameters make an experiment of a battery good.",
        usage: "hypero-query importance [<options>] <name>",
        discussion: """
            The method is PED-ANOVA (Watanabe, Bansal, Hutter, IJCAI 2023): the more the values of a hyper-parameter among the \
            best tenth of the experiments differ from those among all, the larger is its share. The shares add up to 1. Which \
            values are best, rank shows. Experiments with the same value as the last of the best tenth are among the best too.

            THE TABLE:
              share        0 to 1
              chance       the share that the hyper-parameter would have by chance, 0
                           to 1: the highest in 19 random choices of as many
                           experiments as the best. A share that is not above it means
                           nothing, and 1 of 20 useless ones is above it
              scale        log, linear or integers by the distribution from which the
                           program drew the values. values: each value on its own, which
                           is so for words, and for at most 20 different numbers without
                           a distribution
              experiments  those that have the hyper-parameter

            Experiments without a finite value of the channel are left out. Running ones count with their best value so far. \
            Hyper-parameters that some experiments lack, and several distributions of one, are compared within their groups.

            \(FilterOptions.discussion)

            JSON has one object per line with the keys rank, param, importance, chance, above_chance, scale, experiments and \
            finding: rated, constant, unique (nearly as many words as experiments) or none (no shares at all).

            EXAMPLES:
              hypero-query importance "digits mlp"
              hypero-query importance "digits mlp" --by test --format csv
              hypero-query importance "digits mlp" --where "activation = relu"
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(help: ArgumentHelp("The channel that counts. (default: the battery's objective)", valueName: "channel"))
    var by: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The maximum number of experiments to look at, the newest first, 1 to 100000.", valueName: "k"))
    var limit = 100_000

    @OptionGroup var filtering: FilterOptions

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { try StoreOptions.validate(limit: limit) }

    func checkRequirements() throws {
        try output.checkRequirements()
        _ = try filtering.filter()
    }

    var filteredBattery: String? { name }

    func run() throws {
        let report = try store.store().importance(
            of: name, version: version, by: by, where: filtering.filter(), limit: limit)
        try output.write(
            report, warnings: report.warnings,
            advice: [.severalBatteries: BatteryWords.severalBatteriesAdvice("importance", id: report.batteries[0])])
    }
}
