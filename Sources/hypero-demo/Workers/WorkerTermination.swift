import Glibc

/// The termination of a worker process.
enum WorkerTermination: Sendable, Equatable {
    /// The worker exited with a status that ``Worker`` returns.
    case regular(ExitStatus)
    /// The worker exited with another status, for example after an uncaught error.
    case irregular(Int32)
    case killed(signal: Int32)

    /// - Parameter waitStatus: the status of `waitpid(2)` for a terminated process.
    init(waitStatus: Int32) {
        // WIFSIGNALED, WTERMSIG and WEXITSTATUS are macros, which Swift does not import.
        let signal = waitStatus & 0x7F
        let code = waitStatus >> 8 & 0xFF
        if signal != 0 {
            self = .killed(signal: signal)
        } else if let status = ExitStatus(rawValue: code), status != .failure {
            self = .regular(status)
        } else {
            self = .irregular(code)
        }
    }

    /// Returns the more severe of this worker's status and another status.
    func merged(into status: ExitStatus) -> ExitStatus {
        let own: ExitStatus =
            switch self {
            case .regular(let status): status
            case .irregular, .killed: .failure
            }
        let bySeverity: [ExitStatus] = [.success, .unsent, .interrupted, .failure, .usage]
        let severity = { (status: ExitStatus) in bySeverity.firstIndex(of: status) ?? 0 }
        return severity(own) > severity(status) ? own : status
    }

    /// The predicate of an error message; nil if the worker exited regularly.
    var failure: String? {
        switch self {
        case .regular: nil
        case .irregular(let code): "exited with status \(code)"
        case .killed(let signal): "was killed by signal \(signal) (\(String(cString: strsignal(signal))))"
        }
    }
}
