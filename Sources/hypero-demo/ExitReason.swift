import ArgumentParser

/// How the program, and each of its workers, leaves.
enum ExitReason: Int32, Sendable, CaseIterable {
    case success = 0
    case failure = 1
    case usage = 64
    case unsent = 75
    case interrupted = 130

    /// What the help says about it.
    var meaning: String {
        switch self {
        case .success: "all experiments ended and everything was sent"
        case .failure: "a worker died or could not start; the others finished"
        case .usage: "an option or the URL of Redis makes no sense"
        case .unsent: "all ended, but part of the log still waits in the journal"
        case .interrupted: "Ctrl-C or SIGTERM; running experiments were stopped"
        }
    }

    /// All of them, one a line, for the help.
    static var help: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return String(repeating: " ", count: 5 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }

    var code: ExitCode { ExitCode(rawValue) }
}
