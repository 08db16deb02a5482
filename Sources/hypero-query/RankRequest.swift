import ArgumentParser
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The options of a ranking as they were written, for the commands that rank.
struct RankRequest {
    var name: String
    var version: Int?
    var by: String?
    var bestOf: String?
    var status: [String] = []
    var since: String?
    var filtering = FilterRequest()
    var limit = 10
    var order: OrderFlag?
    var sort: [String] = []
    var pareto: [String] = []
    var group: [String] = []
    var noise = false
    var columns: [String] = []
    var atBest: [String] = []
    var allColumns = false
    var precision: Int?
    var delta = false
    var lostAfter: String?

    /// Checks the values of the options.
    func validate() throws {
        try StoreOptions.validate(limit: limit)
        _ = try LostAfter.duration(in: lostAfter)
        _ = try BatteryWords.statuses(named: status)
        _ = try BatteryWords.columns(in: columns)
        _ = try startTime()
        for (option, lists) in [("--sort", sort), ("--pareto", pareto), ("--group", group), ("--at-best", atBest)]
        where !lists.isEmpty && lists.contains(where: { ColumnList.names(in: $0).isEmpty }) {
            throw ValidationError("\(option) needs a name, for example \(option) \(Self.example(of: option))")
        }
        if let precision, !allowedPrecisions.contains(precision) {
            throw ValidationError(
                "--precision must be between \(allowedPrecisions.lowerBound) and \(allowedPrecisions.upperBound), not "
                    + "\(precision)")
        }
        if by != nil, bestOf != nil { throw ValidationError("--by and --best-of must not be combined") }
    }

    private static func example(of option: String) -> String {
        switch option {
        case "--pareto": "valid:max,depth:min"
        case "--sort": "lr,-test"
        case "--at-best": "test"
        default: "lr"
        }
    }

    /// Checks the options that do not fit together.
    func checkRequirements(format: OutputFormat) throws {
        if !group.isEmpty {
            let others: [(String, Bool)] = [
                ("--sort", !sort.isEmpty), ("--pareto", !pareto.isEmpty), ("--columns", !columns.isEmpty),
                ("--at-best", !atBest.isEmpty), ("--delta", delta), ("--noise", noise), ("--best-of", bestOf != nil),
            ]
            for (option, isGiven) in others where isGiven {
                throw MissingArgument("--group and \(option) must not be combined")
            }
        }
        if !sort.isEmpty, let order {
            let option = order == .descending ? "--descending" : "--ascending"
            throw MissingArgument(
                "--sort and \(option) must not be combined. For the highest first, write \(Self.descending(sort))")
        }
        if !columns.isEmpty, allColumns { throw MissingArgument("--columns and --all-columns must not be combined") }
        if noise, bestOf != nil { throw MissingArgument("--noise and --best-of must not be combined") }
        guard format != .table else { return }
        let tableOptions = [
            ("--all-columns", allColumns), ("--precision", precision != nil), ("--delta", delta), ("--noise", noise),
        ]
        for (option, isGiven) in tableOptions where isGiven { throw MissingArgument("\(option) needs --format table") }
    }

    private static func descending(_ sort: [String]) -> String {
        let field = sort.first.map { SortField(text: $0).name } ?? "lr"
        return "--sort=" + BatteryWords.quoted("-" + field)
    }

    /// Returns the ranking with the choices for its table.
    func leaderboard(in store: Store) throws -> Leaderboard {
        var board = try store.leaderboard(
            of: name, version: version, by: bestOf ?? by, value: bestOf == nil ? .atBestEpoch : .bestOfCurve,
            statuses: BatteryWords.statuses(named: status), since: startTime(), where: filtering.filter(),
            order: order?.order ?? .bestFirst,
            sort: names(in: sort).map { SortField(text: $0) },
            pareto: names(in: pareto).map { ParetoCriterion(text: $0) },
            limit: limit, columns: BatteryWords.columns(in: columns), atBest: atBest.isEmpty ? nil : names(in: atBest))
        board.options = tableOptions
        if noise {
            board.options.explainsNoise = true
            board.options.noise =
                try store.groups(
                    of: name, by: .replicas, version: version, channel: by,
                    statuses: BatteryWords.statuses(named: status),
                    since: startTime(), where: filtering.filter(), order: order?.order ?? .bestFirst, limit: 1
                ).noise
        }
        return board
    }

    /// Returns the groups of `--group`.
    func groups(in store: Store) throws -> GroupBoard {
        var board = try store.groups(
            of: name, by: Grouping(names: names(in: group)), version: version, channel: by,
            statuses: BatteryWords.statuses(named: status), since: startTime(), where: filtering.filter(),
            order: order?.order ?? .bestFirst,
            limit: limit)
        board.options = tableOptions
        return board
    }

    private var tableOptions: RankTableOptions {
        var options = RankTableOptions()
        options.showsAllColumns = allColumns
        options.precision = precision
        options.showsDifferences = delta
        return options
    }

    private func names(in lists: [String]) -> [String] { lists.flatMap(ColumnList.names) }

    private func startTime() throws -> Int64? {
        guard let since else { return nil }
        guard let time = StartTime.milliseconds(in: since, now: WallClock.milliseconds) else {
            throw ValidationError(
                "--since must be a time such as 2026-11-24 or 2026-11-24T09:30, or an age such as 90s, 30m, 2h or 1d, not "
                    + "'\(since)'")
        }
        return time
    }
}
