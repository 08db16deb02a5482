import Foundation

/// How a worker process ended.
enum WorkerEnd: Sendable, Equatable {
    /// It left in one of the ways the program knows.
    case left(ExitReason)
    /// It left with a code that only a broken program has.
    case exited(Int32)
    case killed(signal: Int32)

    init(wasKilled: Bool, number: Int32) {
        if wasKilled {
            self = .killed(signal: number)
        } else if let status = ExitReason(rawValue: number), status != .failure {
            self = .left(status)
        } else {
            self = .exited(number)
        }
    }

    /// What the whole program's exit status becomes by it, when the worst so far was `status`.
    func merged(into status: ExitReason) -> ExitReason {
        let own: ExitReason =
            switch self {
            case .left(let status): status
            case .exited, .killed: .failure
            }
        let order: [ExitReason] = [.success, .unsent, .interrupted, .failure, .usage]
        let rank = { (status: ExitReason) in order.firstIndex(of: status) ?? 0 }
        return rank(own) > rank(status) ? own : status
    }

    /// How it died, in words; nil when it left in order.
    var death: String? {
        switch self {
        case .left: nil
        case .exited(let code): "left with code \(code)"
        case .killed(let signal): "was killed by signal \(signal) (\(String(cString: strsignal(signal))))"
        }
    }
}
