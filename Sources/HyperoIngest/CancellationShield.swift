/// Whether a thread that waits for Redis goes on waiting when it is asked to end. Used by one thread.
final class CancellationShield {
    /// In a transaction: its outcome is waited for. Else a wait, as for new entries, is given up.
    var isFinishing = false
    private let stop: ShutdownFlag

    init(_ stop: ShutdownFlag) {
        self.stop = stop
    }

    var goesOn: Bool { isFinishing || !stop.isRequested }
}
