import Glibc
import HyperoCore
import HyperoQuery
import Synchronization

/// The signals of a session as bytes of a pipe, so that the main thread handles them between its other work.
///
/// A terminal or a pipe that takes no more output blocks the main thread. A second request to end the program then ends it at once.
enum SessionSignals {
    /// Written once, before any handler is set.
    nonisolated(unsafe) private static var pipe: WakePipe?
    /// The time of the first signal that ends the program, in nanoseconds; 0 before it.
    private static let firstStop = Atomic<Int64>(0)

    /// The signals that end the program.
    static let stops: Set<Int32> = [SIGINT, SIGTERM, SIGHUP]

    /// Sets the handlers.
    ///
    /// - Parameter isScreen: true to handle the signals of terminals too.
    /// - Returns: the descriptor to wait for.
    static func start(isScreen: Bool) throws -> Int32 {
        let pipe = try pipe ?? WakePipe()
        self.pipe = pipe
        // Initialized here, and not in a handler.
        _ = firstStop.load(ordering: .relaxed)
        for number in stops + (isScreen ? [SIGTSTP, SIGCONT, SIGWINCH] : []) {
            let former = handle(number)
            // nohup, and a shell for a program in the background.
            if unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
        }
        return pipe.readEnd
    }

    /// Sets the handler of a signal, and returns the former one.
    @discardableResult
    static func handle(_ number: Int32) -> __sighandler_t? {
        signal(number) { number in
            if number == SIGINT || number == SIGTERM || number == SIGHUP, SessionSignals.isRepeatedStop() {
                Terminal.abandon()
            }
            SessionSignals.pipe?.signal(UInt8(truncatingIfNeeded: number))
        }
    }

    /// Returns the signals that have arrived.
    static func take() -> Set<Int32> { Set((pipe?.drain() ?? []).map { Int32($0) }) }

    /// Returns whether a signal that ends the program follows another one that the main thread had the time to handle. Two signals
    /// within a moment are one request.
    private static func isRepeatedStop() -> Bool {
        let now = MonotonicTime.now.nanoseconds
        let (isFirst, first) = firstStop.compareExchange(expected: 0, desired: now, ordering: .relaxed)
        return !isFirst && now - first > 500_000_000
    }
}
