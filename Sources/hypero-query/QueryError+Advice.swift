import HyperoQuery

extension QueryError {
    /// The description, with advice that names options, variables and subcommands of the programs.
    var messageWithAdvice: String {
        advice.map { description + (description.hasSuffix("?") ? " " : ". ") + $0 } ?? description
    }

    /// The advice for a store without batteries.
    static let emptyStoreAdvice =
        "If trainings have logged, check --redis and --namespace, and see hypero-query status"

    private var advice: String? {
        switch code {
        case .versionNotFound(_, _, let existing): existing.last.map { "Try --version \($0)" }
        case .batteryNotFound(_, let suggestion) where suggestion.count == 0: Self.emptyStoreAdvice
        case .experimentNotFound(_, let suggestion) where suggestion.count == 0:
            "List the experiments of a battery with hypero-query experiments NAME"
        case .columnNotFound(_, let suggestion) where suggestion.similar.contains { $0.contains(",") }:
            "A name with a comma needs double quotes within the option: '\"a,b\"'"
        case .columnOnlyInCurves(_, let channel):
            "Rank by it with hypero-query rank NAME \(BatteryWords.option("--by", value: channel)), or see its curves with hypero-query show"
        case .unreachable: "Start it, or name another server with --redis or HYPERO_REDIS"
        case .permissionDenied:
            "Name an account with read permission, and its password in HYPERO_REDIS_PASSWORD or in the URL"
        default: nil
        }
    }
}
