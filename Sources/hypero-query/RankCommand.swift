import ArgumentParser
import HyperoQuery

struct RankCommand: StoreCommand {
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

            JSON has one object per line with the keys rank, experiment, battery, name, version, value, status, epoch, \
            last_seen, maxima, params and meta. Experiments without a rank are counted on standard error.

            EXAMPLES:
              hypero-query rank "digits mlp"
              hypero-query rank "digits mlp" --by test --columns lr,max.train
              hypero-query rank "digits mlp" --best-of test
              hypero-query rank "digits mlp" --status done --status running
              hypero-query rank "digits mlp" --limit 1 --format json | jq .params.lr
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

    @Option(parsing: .unconditional, help: ArgumentHelp("The maximum number of rows, 1 to 100000.", valueName: "k"))
    var limit = 10

    @Flag(help: "The order of the rows. (default: the best value first, by the direction of the channel)")
    var order: OrderFlag?

    @Option(
        help: ArgumentHelp(
            BatteryWords.columnsHelp, discussion: BatteryWords.columnsDiscussion, valueName: "a,b"))
    var columns: [String] = []

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StoreOptions.validate(limit: limit)
        _ = try LostAfter.seconds(in: lostAfter)
        _ = try BatteryWords.statuses(named: status)
        _ = try BatteryWords.columns(in: columns)
        if by != nil, bestOf != nil { throw ValidationError("--by and --best-of must not be combined") }
    }

    func run() throws {
        let board = try store.store(lostAfter: lostAfter).leaderboard(
            of: name, version: version, by: bestOf ?? by, value: bestOf == nil ? .atBestEpoch : .bestOfCurve,
            statuses: BatteryWords.statuses(named: status), order: order?.order ?? .bestFirst, limit: limit,
            columns: BatteryWords.columns(in: columns))
        var warnings = board.warnings
        if board.versionsDisagree {
            let choice =
                board.source.hasSeveralDescriptions
                ? "choose with an id instead of the name, for example hypero-query rank \(board.batteries[0])"
                : "choose with --version"
            warnings.append("\(choice), or with --by and --ascending or --descending")
        }
        if output.format == .json, !board.columnsOutsideJSON.isEmpty {
            warnings.append(
                "columns not in JSON: \(board.columnsOutsideJSON.joined(separator: ", ")), its objects have only maxima, "
                    + "params and meta. Use --format table or --format csv")
        }
        try output.write(board, warnings: warnings, advice: advice(for: board))
    }

    private func advice(for board: Leaderboard) -> [AdviceTopic: String] {
        func list(_ options: [String] = []) -> String {
            BatteryWords.command("experiments", of: name, version: version, options: options)
        }
        var advice: [AdviceTopic: String] = [
            .hiddenColumns: BatteryWords.hiddenColumnsAdvice(columns: columns),
            .severalBatteries: BatteryWords.severalBatteriesAdvice("rank", id: board.batteries[0]),
            .moreRows: StoreOptions.limitAdvice(for: board.count),
            .nothingRanked: "List the experiments with \(list())",
        ]
        // The experiments without a value at any epoch are not those that experiments --unranked lists.
        guard bestOf == nil else { return advice }
        let by = board.isByObjective ? [] : [BatteryWords.option("--by", value: board.channel)]
        let curves = BatteryWords.option("--best-of", value: board.channel)
        advice[.rankedByCurves] = "To rank so in any case, use \(curves)"
        advice[.unranked] =
            "List with \(list(["--unranked"] + by))"
            + (board.isLoggedInCurves ? ". Rank by the learning curves with \(curves)" : "")
        if let alternative = board.alternativeChannel, alternative == board.objective {
            advice[.nothingRanked] = "Rank by '\(alternative)', the objective, without --by"
        } else if let alternative = board.alternativeChannel {
            advice[.nothingRanked] =
                "Rank by it with \(BatteryWords.option("--by", value: alternative)), or declare it as the objective of a new "
                + "version"
        }
        return advice
    }
}
