import ArgumentParser
import HyperoQuery

/// `--ascending` or `--descending`.
enum OrderFlag: EnumerableFlag {
    case ascending
    case descending

    var order: RankingOrder {
        switch self {
        case .ascending: .ascending
        case .descending: .descending
        }
    }

    /// One line of the help for each.
    static func help(for value: OrderFlag) -> ArgumentHelp? {
        switch value {
        case .ascending: "The lowest values first; else the best are, by the battery's direction."
        case .descending: "The highest values first."
        }
    }
}
