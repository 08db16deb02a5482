import ArgumentParser
import HyperoQuery

struct RankCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        _superCommandName: "hypero-query",
        abstract: "Show the best experiments of a battery.",
        discussion: """
            Ranks by the value at each experiment's best epoch. Equal values stand by the experiment's id, the other way \
            round when the highest come first. JSON is one object a line with the keys rank, experiment, battery, name, \
            version, value, status, epoch, maxima, params and meta.

            EXAMPLES:
              hypero-query rank digits
              hypero-query rank digits --by test --columns lr,max.train
              hypero-query rank digits --limit 1 --format json | jq .params.lr
            """)

    @Argument(help: "The battery's name, or its id.")
    var name: String

    @Option(help: ArgumentHelp("Only this version; else all versions are merged.", valueName: "n"))
    var version: Int?

    @Option(help: ArgumentHelp("The channel that ranks; else the battery's objective.", valueName: "channel"))
    var by: String?

    @Option(help: ArgumentHelp("How many rows, 1 to 100000.", valueName: "k"))
    var limit = 10

    @Flag(help: "Which values come first; else the best do, by the battery's direction.")
    var order: OrderFlag?

    @Option(
        help: ArgumentHelp(
            "What to show of each, as lr,max.test,meta.dataset,host; prefixes may be left away.", valueName: "a,b"))
    var columns: String?

    @OptionGroup(title: "Where to look") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { try Store.validate(limit: limit) }

    func run() throws {
        let columns = columns.map { $0.split(separator: ",").map(trimmed) }
        let board = try store.store().leaderboard(
            of: name, version: version, by: by, order: order?.order ?? .bestFirst, limit: limit, columns: columns)
        let homeless = output.format == .json ? board.columnsBeyondJSON : []
        let notes =
            homeless.isEmpty
            ? [] : ["JSON lines have no place for \(homeless.joined(separator: ", ")): ask for a table or CSV"]
        try output.show(board, warnings: board.warnings + notes)
    }

    /// Spaces after the commas are not meant.
    private func trimmed(_ name: Substring) -> String {
        String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
