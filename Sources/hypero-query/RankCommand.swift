import ArgumentParser
import HyperoQuery

struct RankCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        abstract: "Rank the experiments of a battery.",
        discussion: """
            Ranks by the value of a channel at each experiment's best epoch. Equal values are sorted by the experiment's \
            id, descending if the highest value is first.

            JSON has one object per line with the keys rank, experiment, battery, name, version, value, status, epoch, \
            maxima, params and meta.

            EXAMPLES:
              hypero-query rank "digits mlp"
              hypero-query rank "digits mlp" --by test --columns lr,max.train
              hypero-query rank "digits mlp" --limit 1 --format json | jq .params.lr
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(help: ArgumentHelp("The channel to rank by. (default: the battery's objective)", valueName: "channel"))
    var by: String?

    @Option(help: ArgumentHelp("The maximum number of rows, 1 to 100000.", valueName: "k"))
    var limit = 10

    @Flag(help: "The order of the rows. (default: the best value first, by the battery's direction)")
    var order: OrderFlag?

    @Option(
        help: ArgumentHelp(
            "The columns to show, such as lr,max.test,meta.dataset,host. Prefixes are optional.", valueName: "a,b"))
    var columns: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { try StoreOptions.validate(limit: limit) }

    func run() throws {
        let columns = columns.map { $0.split(separator: ",").map(trimmed) }
        let board = try store.store().leaderboard(
            of: name, version: version, by: by, order: order?.order ?? .bestFirst, limit: limit, columns: columns)
        var warnings = board.warnings
        if board.versionsDisagree {
            warnings.append("choose with --version, or with --by and --ascending or --descending")
        }
        if output.format == .json, !board.columnsOutsideJSON.isEmpty {
            warnings.append(
                "columns not in JSON: \(board.columnsOutsideJSON.joined(separator: ", ")), its objects have only maxima, "
                    + "params and meta. Use --format table or --format csv")
        }
        try output.write(board, warnings: warnings, hiddenColumnsAdvice: "choose with --columns")
    }

    /// Returns the name without the spaces around it.
    private func trimmed(_ name: Substring) -> String {
        String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
