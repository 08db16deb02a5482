import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct RankCommand: StoreCommand, FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        abstract: "Rank the experiments of a battery.",
        discussion: """
            Ranks by the value of a channel at each experiment's best epoch, which the objective decides. --best-of ranks by \
            the best value at any epoch instead, and reads all learning curves. So does --by if no experiment has the channel \
            at its best epoch. Equal values have equal ranks, and are sorted by the \
            experiment's id, descending if the highest value is first.

            The battery declares the direction of its objective, and may declare those of other channels. The direction of \
            any other channel follows from its name: the lowest value is first if its last word is a loss, an error or a \
            duration, such as loss, nll, perplexity, error, mse, mae, wer, fid, latency, time, duration or seconds, as in \
            val_loss and valLoss. A unit, a statistic or the data may follow, as in latency_ms, loss_per_token and Loss/test. \
            Otherwise the highest value is first. The first line of the table has the direction and its reason.

            A running experiment has the age of its last sign of life after its status. Without one for the time of \
            --lost-after, its status is lost. With --columns, the table has the status if one of its experiments failed, was \
            stopped or was lost. --status leaves the experiments of other statuses out, before the ranks are counted.

            Batteries of one version differ in their descriptions. They are ranked together, and told apart by their ids. Give an \
            id instead of the name to rank one of them.

            Hyper-parameters that are equal in all rows are in one line above the table. On a narrow terminal, the last line \
            names the columns that are left out.

            --sort, --pareto, --group and --noise read all ranked experiments. --sort takes hyper-parameters, metadata, channels, \
            fields of every experiment such as started, duration, age and idle, and rank and value. It keeps the ranks. Missing \
            values and nan are last in both directions.

            --pareto shows the experiments to which no other one is preferable by all criteria. Those without a finite number for \
            each of them are left out and counted. :max or :min may be missing for the objective, for a channel whose direction the \
            battery declares, for duration, and for a channel or metadata whose name is that of a loss, an error or a duration.

            --group seed groups experiments whose hyper-parameters are equal, except one named seed. --group params groups those \
            whose hyper-parameters are all equal, and --group lr,bs those with equal lr and bs. --group param.seed groups by the \
            seed. Values that --where takes for equal are equal, such as 0.003 and 3e-3. Groups are ranked by their mean. n is the \
            number of values: 1 of 8 if only one of eight experiments has a finite one.

            ≈ marks groups whose difference to the best may be luck: 2 standard deviations of a result, and less for means of \
            several. The note below the table has the data from which the deviation is known: experiments that are done, or of the \
            --status, and differ only in their seeds or values outside of the group, else the last quarter of the epochs of the \
            best experiment. --noise marks single experiments so.

            \(FilterOptions.discussion)

            --watch shows the ranking on the whole terminal, and reads it again when an event has changed it, with the keys of \
            hypero-query watch. Into a pipe, it writes the table after each change, or as JSON the changed rows, as watch does.

            JSON has one object per line with the keys rank, experiment, battery, name, version, value, status, epoch, \
            last_seen, maxima, params and meta, and front with --pareto. With --group, the keys are rank, n, of, mean, std, best, \
            experiment, within_noise and group. Experiments without a rank are counted on standard error.

            EXAMPLES:
              hypero-query rank "digits mlp"
              hypero-query rank "digits mlp" --by test --columns lr,max.train
              hypero-query rank "digits mlp" --best-of test
              hypero-query rank "digits mlp" --status done --status running
              hypero-query rank "digits mlp" --since 2d --sort lr --at-best test,train
              hypero-query rank "digits mlp" --columns 'l*,max.t*' --precision 3 --delta
              hypero-query rank "digits mlp" --where "depth in (2, 3) and loss < 0.1"
              hypero-query rank "digits mlp" --where "test >= best - 0.02" --explain
              hypero-query rank "digits mlp" --group activation,bs
              hypero-query rank "digits mlp" --group seed --format csv
              hypero-query rank "digits mlp" --pareto valid,loss,depth:min
              hypero-query rank "digits mlp" --noise --limit 5
              hypero-query rank "digits mlp" --limit 1 --format json | jq .params.lr
              hypero-query rank "digits mlp" --watch --for 1s --format json
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(help: ArgumentHelp("The channel to rank by. (default: the battery's objective)", valueName: "channel"))
    var by: String?

    @Option(
        help: ArgumentHelp(
            "Rank by the best value of this channel at any epoch: reads all learning curves.", valueName: "channel"))
    var bestOf: String?

    @Option(help: ArgumentHelp(BatteryWords.statusHelp, valueName: "status"))
    var status: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only experiments that started at this time or later: 2026-11-24, 2026-11-24T09:30, or 2h for two hours ago.",
            valueName: "time"))
    var since: String?

    @OptionGroup var filtering: FilterOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("The maximum number of rows, 1 to 100000.", valueName: "k"))
    var limit = 10

    @Flag(help: "The order of the rows. (default: the best value first, by the direction of the channel)")
    var order: OrderFlag?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Sort the rows by these fields, -lr for the highest lr first.", valueName: "a,-b"))
    var sort: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only the Pareto front of channels, numeric hyper-parameters and other fields.", valueName: "a:max,b:min"))
    var pareto: [String] = []

    @Option(help: ArgumentHelp("Group experiments: seed, params, or fields with equal values.", valueName: "a,b"))
    var group: [String] = []

    @Flag(help: "Mark experiments that may be as good as the best one: reads all ranked experiments.")
    var noise = false

    @Option(
        help: ArgumentHelp(
            BatteryWords.columnsHelp, discussion: BatteryWords.columnsDiscussion, valueName: "a,b"))
    var columns: [String] = []

    @Option(
        help: ArgumentHelp("The channels to show at the best epoch, with the epoch. (default: all)", valueName: "a,b"))
    var atBest: [String] = []

    @Flag(help: "In the table, show constant hyper-parameters and metadata as columns too.")
    var allColumns = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("In the table, show results with this many significant digits, 1 to 17.", valueName: "n"))
    var precision: Int?

    @Flag(help: "In the table, show the difference to the first rank instead of the value.")
    var delta = false

    @Flag(help: "Show the ranking again whenever it changes.")
    var watch = false

    @OptionGroup var ending: WatchOptions

    @Flag(help: ArgumentHelp(stringLiteral: Explanation.help))
    var explain = false

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try request.validate()
        _ = try ending.end()
    }

    func checkRequirements() throws {
        try output.checkRequirements()
        try request.checkRequirements(format: output.format)
        _ = try filtering.filter()
        guard watch else {
            if let option = ending.given { throw MissingArgument("\(option) needs --watch") }
            return
        }
        try WatchOptions.checkRequirements(output, command: "--watch")
        if !group.isEmpty { throw MissingArgument("--group and --watch must not be combined") }
        if explain { throw MissingArgument("--explain and --watch must not be combined") }
    }

    func run() throws {
        if !group.isEmpty { return try writeGroups() }
        if watch { return try watchRanking() }
        let explanation = Explanation(isRequested: explain)
        let store = try store.store(lostAfter: lostAfter)
        let board = try request.leaderboard(in: store)
        explanation.write(board.access, filter: board.filterUse, of: store)
        try output.write(
            board, warnings: request.warnings(for: board, format: output.format), advice: request.advice(for: board))
    }

    private func writeGroups() throws {
        let explanation = Explanation(isRequested: explain)
        let store = try store.store(lostAfter: lostAfter)
        let board = try request.groups(in: store)
        explanation.write(board.access, filter: board.filterUse, of: store)
        var warnings = board.warnings
        if board.versionsDisagree {
            warnings.append(RankRequest.disagreementAdvice(for: board.source, id: board.batteries[0]))
        }
        let options = ["--unranked"] + (board.isByObjective ? [] : [BatteryWords.option("--by", value: board.channel)])
        let list = BatteryWords.command("experiments", of: name, version: version, options: options)
        try output.write(
            board, warnings: warnings,
            advice: [
                .hiddenColumns: "Widen the terminal, or print all with --format csv",
                .moreRows: StoreOptions.limitAdvice(for: board.groupCount),
                .severalBatteries: BatteryWords.severalBatteriesAdvice("rank", id: board.batteries[0]),
                .unranked: "List with \(list)",
            ])
    }

    private func watchRanking() throws {
        let end = try ending.end()
        let view =
            WatchOptions.isScreen(output)
            ? WatchView(showsEvents: false, limit: limit, marker: ChartOptions.usualMarker(output)) : nil
        try request.watch(
            request.subject, in: store.store(lostAfter: lostAfter), end: end, view: view,
            form: output.format == .json
                ? .rows : .table(advice: request.advice(for:)),
            output: output)
    }

    private var request: RankRequest {
        RankRequest(
            name: name, version: version, by: by, bestOf: bestOf, status: status, since: since,
            filtering: filtering.request,
            limit: limit,
            order: order,
            sort: sort, pareto: pareto, group: group, noise: noise, columns: columns, atBest: atBest,
            allColumns: allColumns, precision: precision, delta: delta, lostAfter: lostAfter)
    }

    var filteredBattery: String? { name }

    func sortingAdvice(_ field: String?) -> String? {
        "--sort \(field.map(BatteryWords.quoted) ?? "lr"), --limit 10"
    }
}
