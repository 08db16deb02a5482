import Glibc
import HyperoQuery

/// How the program ends; the help shows this table.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case notFound = 3
    case unreachable = 4
    case usage = 64

    static let help = """
        EXIT STATUS:
          0   the answer is on standard output
          1   Redis refused the question, or the answer could not be written
          3   no such battery, version, experiment, channel or column
          4   Redis is not there, not ready, or does not let us in
          64  the command line is not understood
        """

    init(_ code: QueryError.Code) {
        self =
            switch code {
            case .notFound, .ambiguous: .notFound
            case .invalid: .usage
            case .unreachable, .denied: .unreachable
            case .refused: .failed
            }
    }

    func leave() -> Never {
        exit(rawValue)
    }
}
