import HyperoQuery

extension RankRequest {
    /// Returns the warnings about a ranking, with advice in the words of the command line.
    func warnings(for board: Leaderboard, format: OutputFormat) -> [String] {
        var warnings = board.warnings
        if board.versionsDisagree {
            warnings.append(Self.disagreementAdvice(for: board.source, id: board.batteries[0]))
        }
        if format == .json, !board.columnsOutsideJSON.isEmpty {
            warnings.append(
                "columns not in JSON: \(board.columnsOutsideJSON.joined(separator: ", ")), its objects have only maxima, "
                    + "params and meta. Use --format table or --format csv")
        }
        return warnings
    }

    /// Returns the advice about batteries that differ in objective or direction.
    static func disagreementAdvice(for source: BatterySource, id: String) -> String {
        let choice =
            source.hasSeveralDescriptions
            ? "choose with an id instead of the name, for example hypero-query rank \(id)" : "choose with --version"
        return "\(choice), or with --by and --ascending or --descending"
    }

    /// Returns the advice about a ranking, in the words of the command line.
    func advice(for board: Leaderboard) -> [AdviceTopic: String] {
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
        if board.isRankingMissing {
            let verify =
                "See all differences with \(BatteryWords.command("verify", of: name, version: version, options: []))"
            advice[.nothingRanked] = verify
            advice[.rankedByCurves] = verify
        } else if let alternative = board.alternativeChannel, alternative == board.objective {
            advice[.nothingRanked] = "Rank by '\(alternative)', the objective, without --by"
        } else if let alternative = board.alternativeChannel {
            advice[.nothingRanked] =
                "Rank by it with \(BatteryWords.option("--by", value: alternative)), or declare it as the objective of a new "
                + "version"
        }
        return advice
    }
}
