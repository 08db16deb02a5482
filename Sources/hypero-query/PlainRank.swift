import ArgumentParser
import HyperoCommandLine
import HyperoQuery

/// `rank` with the options that most calls have, each followed by its value: `rank NAME --by test --limit 3`.
///
/// It reads its arguments itself, because the parser needs more than half of the instructions of a whole
/// `hypero-query rank`. It refuses every other argument and every invalid value, and ``RankCommand``, which declares all
/// options with the same meaning, then runs or prints the error.
struct PlainRank {
    let store: StoreOptions
    private let output: OutputOptions
    private let request: RankRequest

    /// - Parameter arguments: the arguments after the name of the subcommand.
    /// - Returns: nil if the parser must read the arguments.
    init?(_ arguments: some Collection<String>) {
        // The parser's options have no value before they are parsed or set, not even their defaults.
        var server = ServerOptions()
        (server.redis, server.namespace) = (nil, nil)
        var store = StoreOptions()
        store.partitions = nil
        var output = OutputOptions()
        (output.format, output.color, output.excel) = (.table, .auto, false)
        var request = RankRequest(name: "")

        var hasName = false
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            guard argument.utf8.first == UInt8(ascii: "-") else {
                if hasName { return nil }
                request.name = argument
                hasName = true
                continue
            }
            guard let value = rest.next(), value.utf8.first != UInt8(ascii: "-") else { return nil }
            switch argument {
            case "--by": request.by = value
            case "--status": request.status.append(value)
            case "--columns": request.columns.append(value)
            case "--redis": server.redis = value
            case "--namespace": server.namespace = value
            case "--version":
                guard let version = Int(value) else { return nil }
                request.version = version
            case "--limit":
                guard let limit = Int(value) else { return nil }
                request.limit = limit
            case "--partitions":
                guard let partitions = Int(value) else { return nil }
                store.partitions = partitions
            case "--format":
                guard let format = OutputFormat(rawValue: value) else { return nil }
                output.format = format
            case "--color":
                guard let color = ColorChoice(rawValue: value) else { return nil }
                output.color = color
            default: return nil
            }
        }
        guard hasName, (try? request.validate()) != nil else { return nil }
        store.server = server
        (self.store, self.output, self.request) = (store, output, request)
    }

    func run() throws {
        let board = try request.leaderboard(in: store.store())
        try output.write(
            board, warnings: request.warnings(for: board, format: output.format), advice: request.advice(for: board))
    }
}
