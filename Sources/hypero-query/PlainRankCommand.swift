import ArgumentParser
import HyperoQuery

/// `rank` with the options that most calls have. Every other call is a ``RankCommand``, which declares them all.
///
/// The parser needs half of the instructions of a whole `hypero-query rank`, and more with each option that the command declares.
/// The options that are here have the same meaning in both.
struct PlainRankCommand: StoreCommand {
    static let configuration = CommandConfiguration(commandName: "rank", shouldDisplay: false)

    @Argument var name: String
    @Option(parsing: .unconditional) var version: Int?
    @Option var by: String?
    @Option var status: [String] = []
    @Option(parsing: .unconditional) var limit = 10
    @Option var columns: [String] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    private static let options = [
        "--version", "--by", "--status", "--limit", "--columns", "--redis", "--namespace", "--partitions", "--format",
        "--color",
    ]

    /// Returns the command; nil if the arguments after the name of the subcommand have other options, or are not valid.
    static func parsed(_ arguments: some Collection<String>) -> PlainRankCommand? {
        let isPlain = arguments.allSatisfy { argument in
            argument.utf8.first != UInt8(ascii: "-") || options.contains(argument)
        }
        return isPlain ? try? parseAsRoot(Array(arguments)) as? PlainRankCommand : nil
    }

    func validate() throws { try request.validate() }

    func run() throws {
        let board = try request.leaderboard(in: store.store())
        try output.write(
            board, warnings: request.warnings(for: board, format: output.format), advice: request.advice(for: board))
    }

    private var request: RankRequest {
        RankRequest(name: name, version: version, by: by, status: status, limit: limit, columns: columns)
    }
}
