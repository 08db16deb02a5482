import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct CompareCommand: StoreCommand, FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare experiments: their hyper-parameters, best values and learning curves.",
        usage: """
            hypero-query compare [<options>] <experiment> <experiment> ...
            hypero-query compare --top <n> [<options>] <battery>
            """,
        discussion: """
            The table has the hyper-parameters in which the experiments differ, and the values of all channels at each \
            experiment's best epoch. The line below it has the hyper-parameters that are equal. If the experiments do not fit \
            side by side, each is a row. The curves are those of the command curves.

            With --top, --where leaves experiments out before they are ranked, with the expressions of rank.

            A complete id is found directly. A prefix of an id needs a scan of all keys.

            JSON has one object per line with the keys experiment, rank, battery, name, version, objective, status, started, \
            duration, epochs, epoch, maxima, params and differing. duration is in milliseconds. CSV has one record per \
            experiment with its maxima and the differing hyper-parameters.

            EXAMPLES:
              hypero-query compare --top 3 "digits mlp"
              hypero-query compare --top 2 "digits mlp" --channel train --channel valid
              hypero-query compare --top 5 "digits mlp" --format csv
              hypero-query compare --top 3 "digits mlp" --where "activation = relu"
              top=$(hypero-query rank "digits mlp" --limit 2 --format json)
              hypero-query compare $(jq -r .experiment <<< "$top")
            """)

    @OptionGroup var selection: ExperimentSelection

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
        if selection.top == nil, selection.experiments.count < 2 {
            throw MissingArgument("compare needs at least two experiments, or --top with a battery")
        }
        try output.checkRequirements()
    }

    var filtering: FilterOptions { selection.filtering }
    var filteredBattery: String? { selection.top == nil ? nil : selection.experiments.first }

    func run() throws {
        let store = try store.store(lostAfter: lostAfter)
        var set = try selection.curves(from: store, channels: chart.channels)
        if selection.top == nil { set = set.ranked(try store.standings(of: set.entries.map(\.record))) }
        try output.write(
            ComparisonReport(chart.charts(of: set, output: output)), warnings: set.warnings,
            advice: ChartOptions.advice.merging([
                .hiddenColumns: "Widen the terminal, or use --format csv"
            ]) { first, _ in first }, width: chart.width)
    }
}
