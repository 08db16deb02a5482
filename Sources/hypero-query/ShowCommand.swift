import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct ShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show all values and the learning curves of experiments.",
        usage: "hypero-query show [<options>] <experiment> ...",
        discussion: """
            A complete id is found directly. A prefix of an id needs a scan of all keys. JSON has all values, CSV the \
            learning curves: those of several experiments have the id in the first column. A terminal has a chart of the \
            objective.

            The rank is that among all ranked experiments of the battery's name, by the objective. JSON has it as rank, and the \
            number of the ranked experiments as ranked.

            A running experiment has the age of its last sign of life after its status. Without one for the time of \
            --lost-after, its status is lost.

            Maxima that the program set say so, with the epoch that it stated. The others are those of the epoch in the line \
            above them. JSON has both: epoch is the stated epoch, else curve_epoch; stated has the channels that the program \
            set. space has the distributions from which hyper-parameters were drawn. The table has them after the values.

            EXAMPLES:
              top=$(hypero-query rank "digits mlp" --limit 1 --format json)
              best=$(jq -r .experiment <<< "$top")
              hypero-query show "$best"
              hypero-query show "$best" --format csv > curves.csv
              hypero-query show $(hypero-query rank "digits mlp" --limit 2 --format json |
                jq -r .experiment)
            """)

    @Argument(help: ArgumentHelp("The experiments' ids, or prefixes that no other id has.", valueName: "experiment"))
    var experiments: [String]

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try ExperimentSelection.validate(count: experiments.count)
        _ = try LostAfter.duration(in: lostAfter)
    }

    func run() throws {
        let store = try store.store(lostAfter: lostAfter)
        let records = try store.experiments(withIDs: experiments)
        let reports = ExperimentReports(
            records, standings: try store.standings(of: records), marker: ChartOptions.usualMarker(output))
        if output.format == .csv, reports.isTooSparseForCSV {
            throw MissingArgument(
                "the learning curves have so many channels with few values that CSV would be nearly empty. Use curves with "
                    + "--channel, or export --curves")
        }
        try output.write(reports, warnings: reports.warnings, advice: ChartOptions.advice)
    }
}
