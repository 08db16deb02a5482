import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization

/// The thread that sends the journal to Redis.
///
/// The thread owns the connection and the outbox. Callers see only atomics: the progress, and the requests to end. The
/// thread blocks all signals, so that the signal handlers of the host process never run on it.
final class Sender: Sendable {
    private let configuration: Delivery.Configuration
    private let adoption: Adoption.Scope

    private let sent = Atomic<UInt64>(0)
    private let applied = Atomic<UInt64>(0)
    private let dead = Atomic<UInt64>(0)
    private let deleted = Atomic<UInt64>(0)
    private let released = Atomic<UInt64>(0)
    private let adopted = Atomic<UInt64>(0)
    private let damaged = Atomic<UInt64>(0)
    private let hasLost = Atomic<Bool>(false)
    private let cannotConfirm = Atomic<Bool>(false)
    private let isEnding = Atomic<Bool>(false)
    private let endsWhenSent = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    /// The number of callers that wait for the watermark. The thread reads the watermark more often while a caller waits.
    private let waiters = Atomic<Int>(0)
    /// Held by the thread, except during system calls that may block. A fork acquires this lock first.
    private let threadLock = AdaptiveMutex()
    /// true from the creation of the thread until the thread holds `threadLock`.
    private let isStarting = Atomic<Bool>(false)
    /// The thread, as long as it is not joined or detached; 0 for none.
    private let thread = Atomic<UInt>(0)
    /// The wait of the process for this thread before it ends.
    let exitRequest = ExitRequest()

    /// The number of events in each state.
    struct Progress {
        var sent: UInt64
        var applied: UInt64
        var dead: UInt64
        var deleted: UInt64
        var released: UInt64
        var adopted: UInt64
        var damaged: UInt64
        /// true if Redis has lost applied events that cannot be sent again.
        var hasLost: Bool
        /// true if the account may not read what is applied.
        var cannotConfirm: Bool

        func isSent(through seq: UInt64) -> Bool { sent >= seq }
    }

    /// - Parameters:
    ///   - configuration: The journal and its partition.
    ///   - adoption: The orphaned journals that are sent too.
    init(_ configuration: Delivery.Configuration, adoption: Adoption.Scope) {
        self.configuration = configuration
        self.adoption = adoption
    }

    deinit {
        threadLock.destroy()
    }

    var progress: Progress {
        Progress(
            sent: sent.load(ordering: .acquiring), applied: applied.load(ordering: .acquiring),
            dead: dead.load(ordering: .acquiring), deleted: deleted.load(ordering: .acquiring),
            released: released.load(ordering: .acquiring),
            adopted: adopted.load(ordering: .acquiring),
            damaged: damaged.load(ordering: .acquiring), hasLost: hasLost.load(ordering: .acquiring),
            cannotConfirm: cannotConfirm.load(ordering: .acquiring))
    }

    /// Starts the thread.
    func start() {
        var allSignals = sigset_t()
        sigfillset(&allSignals)
        var before = sigset_t()
        // A thread inherits the signal mask of its creator.
        pthread_sigmask(SIG_SETMASK, &allSignals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        isStarting.store(true, ordering: .releasing)
        hasEnded.store(false, ordering: .releasing)
        ExitFlush.shared.add(self)
        var handle = pthread_t()
        let error = pthread_create(
            &handle, nil, { Sender.main($0) }, Unmanaged.passRetained(self).toOpaque())
        if error == 0 {
            thread.store(UInt(handle), ordering: .releasing)
        } else {
            Unmanaged.passUnretained(self).release()
            isStarting.store(false, ordering: .releasing)
            hasEnded.store(true, ordering: .releasing)
            ExitFlush.shared.remove(self)
            configuration.notify(
                "cannot start the sender thread: \(String(cString: strerror(error))). Events stay in the journal")
        }
    }

    /// Lets the thread send the remaining events and end, without waiting for it.
    func endWhenSent() {
        endsWhenSent.store(true, ordering: .releasing)
        let handle = thread.exchange(0, ordering: .acquiringAndReleasing)
        if handle != 0 { pthread_detach(pthread_t(handle)) }
    }

    /// Ends the thread, and waits for it until the deadline. After that, a thread that is blocked in the system's name
    /// resolution is detached.
    func end(deadline: MonotonicTime) {
        isEnding.store(true, ordering: .releasing)
        let handle = thread.exchange(0, ordering: .acquiringAndReleasing)
        guard handle != 0 else { return }
        _ = Polling.poll(until: deadline) { hasNoThread }
        if hasEnded.load(ordering: .acquiring) {
            pthread_join(pthread_t(handle), nil)
        } else {
            pthread_detach(pthread_t(handle))
        }
    }

    /// Asks the thread to report when the process may end. See ``ExitFlush``.
    func requestExit(from start: MonotonicTime) -> MonotonicTime {
        let deadline = start + configuration.exitTimeout
        exitRequest.request(target: configuration.journal.counts.accepted, deadline: deadline)
        return deadline
    }

    /// true if the process need not wait for the thread any more.
    var allowsExit: Bool { exitRequest.isFinished || hasNoThread }

    /// true if a process that ends waits for the thread.
    var isAwaitedAtExit: Bool { configuration.exitTimeout > .zero && exitRequest.mayBeAwaited && !isStopped }

    /// Lets no sender's thread that uses TLS call OpenSSL again.
    ///
    /// OpenSSL calls this at its end, during the exit of a process in which another library has initialized it: a handshake that goes
    /// on would read freed memory.
    static func stopAll() {
        areStopped.store(true, ordering: .sequentiallyConsistent)
        ExitFlush.shared.stopSenders()
    }

    private static let areStopped = Atomic<Bool>(false)

    private var isStopped: Bool { configuration.url.usesTLS && Self.areStopped.load(ordering: .sequentiallyConsistent) }

    private var hasNoThread: Bool { hasEnded.load(ordering: .acquiring) || isStopped }

    /// Waits until the thread is in a system call, from which a stopped thread does not return, or until a deadline.
    func awaitStop(until deadline: MonotonicTime) {
        guard isStopped, exitRequest.mayBeAwaited, Polling.poll(until: deadline, { threadLock.tryLock() }) else {
            return
        }
        threadLock.unlock()
    }

    /// Waits until the progress meets a condition, the thread has ended, or the deadline has passed.
    ///
    /// - Returns: true if the progress meets the condition.
    func wait(until deadline: MonotonicTime, _ isReached: (Progress) -> Bool) -> Bool {
        _ = Polling.poll(until: deadline) { hasNoThread || isReached(progress) }
        return isReached(progress)
    }

    /// Waits until the ingest has processed all events.
    ///
    /// - Returns: true if it has, and none of this client's events is a dead letter, dropped because of a deletion, or lost. false
    ///   at once if the account may not read what is applied.
    func waitForApplied(through seq: UInt64, until deadline: MonotonicTime) -> Bool {
        waiters.add(1, ordering: .acquiringAndReleasing)
        defer { waiters.subtract(1, ordering: .acquiringAndReleasing) }
        // `dead` and `deleted` are stored before `applied`, and loaded after it.
        let isProcessed = wait(until: deadline) {
            $0.isSent(through: seq) && ($0.applied >= seq || $0.cannotConfirm)
        }
        let progress = progress
        return isProcessed && progress.applied >= seq && progress.dead == 0 && progress.deleted == 0
            && !progress.hasLost
    }

}

// The thread.
extension Sender {
    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        NamedThread.setName("hypero-sender")
        if let argument { Unmanaged<Sender>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }

    private func run() {
        threadLock.lock()
        defer { threadLock.unlock() }
        isStarting.store(false, ordering: .releasing)
        exitRequest.begin()
        var upkeep = JournalUpkeep(now: .now)
        let callbacks = Delivery.Callbacks(
            isEnding: { self.isEnding.load(ordering: .acquiring) },
            shouldContinue: {
                // Log calls need the next segment in time, also while the thread waits for Redis.
                self.configuration.journal.prepareSpare()
                if let action = upkeep.next(at: .now) { self.configuration.journal.folder?.touch(action) }
                // A server that does not reply must not keep the thread from reporting what it has not sent.
                return !self.isEnding.load(ordering: .acquiring) && !self.exitRequest.isOverdue
            },
            blocking: { self.blocking($0) })
        var delivery = Delivery(configuration, callbacks: callbacks)
        var adoption = Adoption(adoption, callbacks: callbacks)
        var nextScan = MonotonicTime.now
        while true {
            let step = delivery.step(
                // Loaded before the step reads the journal: no record is appended after the last handle is released.
                endsWhenSent: endsWhenSent.load(ordering: .acquiring),
                isAwaited: waiters.load(ordering: .acquiring) > 0)
            sent.store(delivery.outbox.sent, ordering: .releasing)
            dead.store(delivery.dead, ordering: .releasing)
            deleted.store(delivery.deleted, ordering: .releasing)
            applied.store(delivery.applied, ordering: .releasing)
            released.store(delivery.outbox.released, ordering: .releasing)
            hasLost.store(delivery.outbox.hasLostRemoved, ordering: .releasing)
            cannotConfirm.store(delivery.cannotConfirm, ordering: .releasing)
            if case .finished = step { break }
            if serveExit(delivery) { break }
            if .now >= nextScan {
                nextScan = .now + Self.scanInterval
                adoption.scan()
            }
            let adoptionStep = adoption.step()
            adopted.store(adoption.events, ordering: .releasing)
            damaged.store(adoption.damaged, ordering: .releasing)
            switch (step, adoptionStep) {
            case (.worked, _), (_, .worked): break
            default:
                let pause: Duration = delivery.isBusy ? .milliseconds(1) : .milliseconds(5)
                blocking { Polling.sleep(for: pause) }
            }
        }
        adoption.stop()
        delivery.end(isClosed: isEnding.load(ordering: .acquiring))
        hasEnded.store(true, ordering: .releasing)
        ExitFlush.shared.remove(self)
    }

    /// Lets the process end once the events are sent, Redis is known to be down, or the deadline has passed.
    ///
    /// - Returns: true if the thread must end, so that the journal is removed: all events are durable, and no experiment is open.
    private func serveExit(_ delivery: borrowing Delivery) -> Bool {
        guard let request = exitRequest.pending else { return false }
        let isSent = delivery.outbox.sent >= request.target
        guard isSent || delivery.isFailing || .now >= request.deadline else { return false }
        configuration.refusals?.reportHidden(configuration.notify)
        // The end of the delivery reports the rest.
        if isSent, delivery.isDurable, !delivery.hasOpenExperiments { return true }
        delivery.reportNotRecorded()
        if !isSent { delivery.reportUnsent(of: request.target) }
        exitRequest.finish()
        return false
    }

    /// Runs a system call without `threadLock`, so that the process can fork meanwhile. Does not return if the thread is stopped.
    private func blocking(_ body: () -> Void) {
        threadLock.unlock()
        body()
        threadLock.lock()
        guard isStopped else { return }
        threadLock.unlock()
        while true { pause() }
    }

    /// The time between two searches for orphaned journals.
    private static let scanInterval: Duration = .seconds(30)
}

extension Sender: ForkParticipant {
    static var forkStage: ForkGuard.Stage { .senders }

    /// Waits until the thread is in a system call, and keeps it there. The thread then holds none of the runtime's
    /// locks, which are therefore free in the child.
    func beforeFork() {
        _ = Polling.poll(until: MonotonicTime(nanoseconds: .max)) { !isStarting.load(ordering: .acquiring) }
        threadLock.lock()
    }

    func afterForkInParent() {
        threadLock.unlock()
    }

    /// Resets the progress, which is the parent's. The child has no sender thread.
    func afterForkInChild() {
        sent.store(0, ordering: .relaxed)
        applied.store(0, ordering: .relaxed)
        dead.store(0, ordering: .relaxed)
        deleted.store(0, ordering: .relaxed)
        released.store(0, ordering: .relaxed)
        adopted.store(0, ordering: .relaxed)
        damaged.store(0, ordering: .relaxed)
        hasLost.store(false, ordering: .relaxed)
        cannotConfirm.store(false, ordering: .relaxed)
        waiters.store(0, ordering: .relaxed)
        // The end of the parent's sender is not that of the child's.
        isEnding.store(false, ordering: .relaxed)
        hasEnded.store(false, ordering: .relaxed)
        thread.store(0, ordering: .relaxed)
        exitRequest.reset()
        isStarting.store(false, ordering: .relaxed)
        threadLock.reinitialize()
    }
}
