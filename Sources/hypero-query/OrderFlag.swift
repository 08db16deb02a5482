import ArgumentParser
import HyperoQuery

/// The flags `--ascending` and `--descending`.
enum OrderFlag: EnumerableFlag {
    case ascending
    case descending

    var order: RankingOrder {
        switch self {
        case .ascending: .ascending
        case .descending: .descending
        }
    }

    static func help(for value: OrderFlag) -> ArgumentHelp? {
        switch value {
        case .ascending: "The lowest value first. (default: the best value first, by the direction of the channel)"
        case .descending: "The highest value first."
        }
    }
}
