import Glibc
import Hypero
import HyperoCommandLine
import HyperoCore
import Synchronization

// The service of a node: `adopt --watch`.
extension AdoptCommand {
    /// The time between two looks for journals.
    private static let watchInterval: Duration = .seconds(5)

    /// Waits until the folder of the journals exists: the service may start before the first training.
    ///
    /// - Returns: nil if a signal has ended the wait.
    func waitForRoot() -> JournalRoot? {
        Interruption.begin()
        var hasReported = false
        while !Interruption.hasOccurred {
            do {
                return try JournalRoot(existing: folder.journal)
            } catch {
                if !hasReported { printError(Self.advice(for: error)) }
                hasReported = true
                pause(Self.watchInterval)
            }
        }
        return nil
    }

    /// Adopts the journals of processes that end, until a signal. A journal that is not finished then stays for the next adopter.
    func watch(_ scope: Adoption.Scope) {
        var adoption = Adoption(scope, shouldContinue: { !Interruption.hasOccurred })
        var nextLook = MonotonicTime.now
        var reported = 0
        while !Interruption.hasOccurred {
            if .now >= nextLook {
                adoption.scan()
                nextLook = .now + Self.watchInterval
            }
            switch adoption.step() {
            case .worked: break
            case .waiting: pause(.milliseconds(2))
            case .idle: pause(.milliseconds(100))
            }
            let new = adoption.finishedJournals - reported
            guard new > 0 else { continue }
            reported += new
            // Not through the buffer of print: standard output may be a file or a pipe to a log.
            StandardStream.output.write(
                "\(Self.counted(new, of: "journal")) sent and removed, \(reported) since the start\n")
        }
        adoption.stop()
    }

    /// Sleeps, at most until a signal.
    private func pause(_ duration: Duration) {
        let end = MonotonicTime.now + duration
        while .now < end, !Interruption.hasOccurred { usleep(2_000) }
    }
}

/// SIGTERM and SIGINT. One that is no part of the first request, see ``StopSignals``, has its default effect.
private enum Interruption {
    private static let none = Int64.min
    /// The time of the first signal in nanoseconds of the monotonic clock; ``none`` before it.
    private static let first = Atomic<Int64>(none)

    static var hasOccurred: Bool { first.load(ordering: .acquiring) != none }

    /// Handles the signals from now on.
    static func begin() {
        // Before a handler can be the first to use it.
        first.store(none, ordering: .releasing)
        for number in [SIGTERM, SIGINT] {
            signal(number) { number in
                // Only what a handler may call: clock_gettime, signal and raise.
                let now = MonotonicTime.now
                let (isFirst, first) = Interruption.first.compareExchange(
                    expected: Interruption.none, desired: now.nanoseconds, ordering: .acquiringAndReleasing)
                guard !isFirst, now >= MonotonicTime(nanoseconds: first) + StopSignals.moment else { return }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
