import HyperoCommandLine
import HyperoQuery
import HyperoRedis

extension QueryError {
    /// Returns the description, with advice that names options, variables and subcommands of the programs.
    ///
    /// - Parameter store: the options of the store; nil if they are not known.
    func message(for store: StoreOptions?) -> String {
        advice(for: store).map { description + (description.hasSuffix("?") ? " " : ". ") + $0 } ?? description
    }

    private func advice(for store: StoreOptions?) -> String? {
        switch code {
        case .versionNotFound(_, _, let existing):
            HyperoQueryCommand.arguments.contains { $0.hasPrefix("--min-version") }
                ? nil : existing.last.map { "Try --version \($0)" }
        case .invalidExperimentID(let text):
            "The experiments of a battery are listed by hypero-query experiments \(BatteryWords.quoted(text)), and curves and "
                + "compare take the best ones with --top 5"
        case .batteryNotFound(_, let suggestion) where suggestion.count == 0:
            store?.emptyStoreAdvice
        case .experimentNotFound(_, let suggestion) where suggestion.count == 0:
            (store?.partitions == nil ? "List" : "Leave out --partitions, which are then discovered, or list")
                + " the experiments of a battery with hypero-query experiments NAME"
        case .notATrial:
            "The trials of a search are the experiments of its battery, as hypero-query experiments NAME lists them"
        case .columnNotFound(let name, _) where Self.sortAdvice(for: name) != nil: Self.sortAdvice(for: name)
        case .columnNotFound(_, let suggestion) where suggestion.similar.contains { $0.contains(",") }:
            "A name with a comma needs double quotes within the option: '\"a,b\"'"
        case .columnOnlyInCurves(_, let channel):
            "Rank by it with \(BatteryWords.option("--by", value: channel)) of hypero-query rank, or see its curves with "
                + "hypero-query show"
        case .incomplete where HyperoQueryCommand.arguments.first == "export":
            "Use --partial to write the file without their rows"
        case .unreachable: Self.unreachableAdvice(for: store?.server.redis)
        case .permissionDenied:
            "Name an account with the rights of hypero-ingest acl --role query, for example redis://query@host, and its "
                + "password in HYPERO_REDIS_PASSWORD"
        default: nil
        }
    }

    /// Returns what to do if no server of a URL answers.
    private static func unreachableAdvice(for text: String?) -> String {
        guard let url = try? RedisURL(text), url.namesSentinels || url.namesSeveral else {
            return "Start it, or name another server with --redis or HYPERO_REDIS"
        }
        return url.namesSentinels
            ? "Start it, or read the logs of the sentinels, which promote a replica of a primary that is down"
            : "Start one of them, or name another server with --redis or HYPERO_REDIS"
    }

    /// Returns the form of an order or a criterion that was written in another one: `valid desc`, `valid:desc`, `+valid`, `size:low`.
    private static func sortAdvice(for name: String) -> String? {
        func isGiven(_ option: String) -> Bool {
            HyperoQueryCommand.arguments.contains { $0 == option || $0.hasPrefix(option + "=") }
        }
        if isGiven("--pareto"), let colon = name.lastIndex(of: ":"), colon != name.startIndex {
            let bare = String(name[..<colon])
            return "A criterion ends with :max or :min, for example "
                + BatteryWords.option("--pareto", value: "\(bare):max")
        }
        guard isGiven("--sort") else { return nil }
        if name.hasPrefix("+") { return "For the lowest first, write \(String(name.dropFirst()))" }
        for separator in [" ", ":"] {
            for (word, sign) in [("desc", "-"), ("descending", "-"), ("asc", ""), ("ascending", "")]
            where name.lowercased().hasSuffix(separator + word) && name.utf8.count > word.utf8.count + 1 {
                let bare = name.dropLast(word.count + 1)
                return "For the \(sign.isEmpty ? "lowest" : "highest") first, write "
                    + (sign.isEmpty ? "--sort " : "--sort=") + BatteryWords.quoted(sign + bare)
            }
        }
        return nil
    }
}
