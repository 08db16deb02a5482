import Foundation
import Synchronization

/// Ctrl-C and SIGTERM, as a count that the loops of the program look at.
enum Interrupt {
    private static let requests = Atomic<Int>(0)

    /// How often the process was asked to end.
    static var count: Int { requests.load(ordering: .relaxed) }

    static var isRequested: Bool { count > 0 }

    /// Counts these signals from now on, where they would have ended the process.
    ///
    /// Handlers and not `SIG_IGN` with a dispatch source: a child starts with ignored signals still ignored, and would
    /// miss one that comes before it has handlers of its own.
    static func install() {
        // Makes the counter now: a signal handler must not be the first to touch a lazy static.
        _ = count
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in Interrupt.request() }
        }
    }

    /// What a signal does; also for a worker whose parent is gone.
    static func request() { requests.add(1, ordering: .relaxed) }
}
