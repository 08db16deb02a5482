import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct CurvesCommand: StoreCommand, FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "curves",
        abstract: "Draw the learning curves of experiments.",
        usage: """
            hypero-query curves [<options>] <experiment> ...
            hypero-query curves --top <n> [<options>] <battery>
            """,
        discussion: """
            A curve has the rank and the id of its experiment at its end. nan@41 says that its values are nan from epoch 41 on. \
            Below 60 columns the names are beneath the chart. Each column of dots shows the lowest and the highest of its values. \
            Below 40 columns each curve is one line over the same epochs, from its own lowest to its own highest value.

            If outliers would leave less than a quarter of the height for the others, the vertical axis goes from the 1st to the \
            99th percentile after the first 5 % of the epochs, and the chart says how many points are outside.

            Values that are not finite are gaps, also with --smooth. So are missing rows, if the step between two epochs is more \
            than three times as long as the steps around it: a channel that is logged every ten epochs has no gaps.

            With --top, --where leaves experiments out before they are ranked, with the expressions of rank.

            A complete id is found directly. A prefix of an id needs a scan of all keys.

            JSON has one object per line with the keys experiment, epoch, channel and value, and CSV the same columns: one row \
            per value of the channels, neither smoothed nor cut.

            EXAMPLES:
              hypero-query curves --top 5 "digits mlp"
              hypero-query curves --top 3 "digits mlp" --channel train --channel test
              hypero-query curves --top 5 "digits mlp" --channel loss --log
              hypero-query curves --top 5 "digits mlp" --svg curves.svg
              hypero-query curves --top 3 "digits mlp" --where "activation = relu"
              hypero-query curves --top 9 "digits mlp" --format csv > rows.csv
              best=$(hypero-query rank "digits mlp" --limit 1 --format json)
              hypero-query curves $(jq -r .experiment <<< "$best") --smooth 0.8
            """)

    @OptionGroup var selection: ExperimentSelection

    @Option(
        help: ArgumentHelp(
            "Write the charts to this file as SVG, whole or not at all, in light and dark colours.", valueName: "file"))
    var svg: String?

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Chart") var chart: ChartOptions
    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        _ = try LostAfter.duration(in: lostAfter)
    }

    func checkRequirements() throws {
        try selection.checkRequirements()
        if svg != nil, output.format != .table { throw MissingArgument("--svg and --format must not be combined") }
        try output.checkRequirements()
    }

    var filtering: FilterOptions { selection.filtering }
    var filteredBattery: String? { selection.top == nil ? nil : selection.experiments.first }

    func run() throws {
        let set = try selection.curves(from: store.store(lostAfter: lostAfter), channels: chart.channels)
        let charts = chart.charts(of: set, output: output)
        guard let svg else {
            try output.write(charts, warnings: set.warnings, advice: ChartOptions.advice)
            return
        }
        printWarnings(set.warnings)
        for note in charts.notes { printError("note: \(note.text)") }
        try OutputFile.write(ChartDocument(charts.charts).svg, toFileOrStream: svg)
    }
}
