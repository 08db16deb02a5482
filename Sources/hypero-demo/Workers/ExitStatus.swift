import ArgumentParser

/// The exit status of the program and of each worker.
enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    case failure = 1
    case usage = 64
    case unsent = 75
    case interrupted = 130

    /// The description in the help.
    var meaning: String {
        switch self {
        case .success: "all experiments ended and all events were sent"
        case .failure: "a worker failed or did not start; the others finished"
        case .usage: "the command line or the URL of Redis is invalid"
        case .unsent: "all experiments ended, but events were not sent"
        case .interrupted: "SIGINT (Ctrl-C) or SIGTERM; running experiments were stopped"
        }
    }

    /// The table of the help: one status per line.
    static var help: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return String(repeating: " ", count: 5 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }

    var code: ExitCode { ExitCode(rawValue) }
}
