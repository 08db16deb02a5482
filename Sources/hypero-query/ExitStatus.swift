import Glibc
import HyperoQuery

/// The exit statuses of the program.
enum ExitStatus: Int32, CaseIterable {
    /// The result is on standard output.
    case success = 0
    /// Redis refused a command, or the result could not be written.
    case failure = 1
    /// Partitions are left out of the result, `status --check` has a warning, or `verify` or `explain` a difference.
    case attention = 2
    /// The battery, version, search, experiment, channel or column does not exist, or a prefix of an id is ambiguous.
    case notFound = 3
    /// Redis is not reachable or not ready, or denies access.
    case unreachable = 4
    /// The command line is malformed.
    case usage = 64

    init(_ category: QueryError.Category) {
        self =
            switch category {
            case .notFound, .ambiguous: .notFound
            case .invalid: .usage
            case .unreachable, .denied: .unreachable
            case .refused: .failure
            }
    }

    /// The table for the help, one line per status.
    static var help: String {
        allCases.map { "  \($0.rawValue)\($0.rawValue < 10 ? " " : "")  \($0.meaning)" }.joined(separator: "\n")
    }

    private var meaning: String {
        switch self {
        case .success: "the result is on standard output"
        case .failure: "Redis refused a command, or the result could not be written"
        case .attention: "partitions left out, or a problem in status --check, verify or explain"
        case .notFound: "battery, version, search, experiment, channel or column not found"
        case .unreachable: "Redis is not reachable or not ready, or denies access"
        case .usage: "the command line is malformed"
        }
    }

    /// Ends the program.
    func exit() -> Never {
        Glibc.exit(rawValue)
    }
}
