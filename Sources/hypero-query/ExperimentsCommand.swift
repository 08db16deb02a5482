import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct ExperimentsCommand: StoreCommand, FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiments",
        abstract: "List the experiments of a battery, ranked or not, newest first.",
        discussion: """
            A running experiment has the age of its last sign of life after its status. Without one for the time of \
            --lost-after, its status is lost.

            The columns: the value of the objective at the best epoch, epoch is the best epoch, epochs the highest epoch of \
            the learning curves, started the time since the first event. With --columns, the table has the experiment, its \
            status, the value of the objective and these columns.

            \(FilterOptions.discussion)

            JSON has one object per line with the keys experiment, battery, name, version, status, reason, host, started, \
            last_seen, epochs, objective, value, epoch, maxima, params and meta. value is that of the channel that objective \
            names. If versions have different objectives, the table names the channel of each value in the column by.

            EXAMPLES:
              hypero-query experiments "digits mlp"
              hypero-query experiments "digits mlp" --status failed --columns lr
              hypero-query experiments "digits mlp" --unranked --format csv
              hypero-query experiments "digits mlp" --where "duration < 10m or loss is nan"
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(
        help: ArgumentHelp(BatteryWords.statusHelp, valueName: "status"))
    var status: [String] = []

    @Flag(
        help: "Only experiments without a rank: they have no finite value of the objective, or of the channel of --by.")
    var unranked = false

    @Option(help: ArgumentHelp("The channel of --unranked. (default: the battery's objective)", valueName: "channel"))
    var by: String?

    @OptionGroup var filtering: FilterOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("The maximum number of rows, 1 to 100000.", valueName: "k"))
    var limit = 20

    @Option(
        help: ArgumentHelp(
            BatteryWords.columnsHelp, discussion: BatteryWords.columnsDiscussion, valueName: "a,b"))
    var columns: [String] = []

    @Flag(help: ArgumentHelp(stringLiteral: Explanation.help))
    var explain = false

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StoreOptions.validate(limit: limit)
        _ = try LostAfter.duration(in: lostAfter)
        _ = try BatteryWords.statuses(named: status)
        _ = try BatteryWords.columns(in: columns)
    }

    func checkRequirements() throws {
        if by != nil, !unranked { throw MissingArgument("--by needs --unranked") }
        try output.checkRequirements()
        _ = try filtering.filter()
    }

    var filteredBattery: String? { name }

    func run() throws {
        let explanation = Explanation(isRequested: explain)
        let store = try store.store(lostAfter: lostAfter)
        let list = try store.experiments(
            of: name, version: version,
            filter: ExperimentFilter(
                statuses: BatteryWords.statuses(named: status), isUnranked: unranked, by: by, where: filtering.filter()),
            limit: limit, columns: BatteryWords.columns(in: columns))
        explanation.write(list.access, filter: list.filterUse, of: store)
        var warnings = list.warnings
        if output.format == .json, !list.columnsOutsideJSON.isEmpty {
            warnings.append(
                "columns not in JSON: \(list.columnsOutsideJSON.joined(separator: ", ")). Use --format table or --format "
                    + "csv")
        }
        try output.write(
            list, warnings: warnings,
            advice: [
                .hiddenColumns: BatteryWords.hiddenColumnsAdvice(columns: columns),
                .severalBatteries: BatteryWords.severalBatteriesAdvice("experiments", id: list.batteries[0]),
                .moreRows: StoreOptions.limitAdvice(for: list.count),
                .olderExperiments: "Search more with --limit",
            ])
    }
}
