import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization

/// Sends the journal to Redis, on a thread of its own.
///
/// The thread owns the connection and the outbox; callers see it through atomics only: what it has done, and whether it
/// shall end. It is never interrupted by a signal of the host process, because it blocks them all.
final class Sender: Sendable {
    private let journal: Journal
    private let url: RedisURL
    private let keyspace: Keyspace
    private let adoption: Adoption.Scope
    private let notify: @Sendable (String) -> Void

    private let sent = Atomic<UInt64>(0)
    private let applied = Atomic<UInt64>(0)
    private let released = Atomic<UInt64>(0)
    private let adopted = Atomic<UInt64>(0)
    private let damaged = Atomic<UInt64>(0)
    private let isEnding = Atomic<Bool>(false)
    private let endsWhenSent = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    /// Callers that wait for the watermark, which is then read often.
    private let waiters = Atomic<Int>(0)
    /// The thread holds it, but in system calls that may block.
    private let gate = AdaptiveMutex()
    /// The thread is made and does not hold the gate yet.
    private let isStarting = Atomic<Bool>(false)
    /// The thread, until somebody joined it; 0 for none.
    private let thread = Atomic<UInt>(0)

    /// How far the events have come.
    struct Progress {
        var sent: UInt64
        var applied: UInt64
        var released: UInt64
        var adopted: UInt64
        var damaged: UInt64

        func isSent(through seq: UInt64) -> Bool { sent >= seq }
    }

    /// - Parameters:
    ///   - keyspace: of the journal's partition.
    ///   - adoption: which journals of processes that are gone are sent too.
    init(
        journal: Journal, url: RedisURL, keyspace: Keyspace, adoption: Adoption.Scope,
        notify: @escaping @Sendable (String) -> Void
    ) {
        self.journal = journal
        self.url = url
        self.keyspace = keyspace
        self.adoption = adoption
        self.notify = notify
    }

    deinit {
        gate.destroy()
    }

    var progress: Progress {
        Progress(
            sent: sent.load(ordering: .acquiring), applied: applied.load(ordering: .acquiring),
            released: released.load(ordering: .acquiring), adopted: adopted.load(ordering: .acquiring),
            damaged: damaged.load(ordering: .acquiring))
    }

    /// Starts the thread.
    func begin() {
        var everySignal = sigset_t()
        sigfillset(&everySignal)
        var before = sigset_t()
        // The thread inherits the mask it is made under.
        pthread_sigmask(SIG_SETMASK, &everySignal, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        isStarting.store(true, ordering: .releasing)
        var handle = pthread_t()
        let error = pthread_create(
            &handle, nil, { Sender.main($0) }, Unmanaged.passRetained(self).toOpaque())
        if error == 0 {
            thread.store(UInt(handle), ordering: .releasing)
        } else {
            Unmanaged.passUnretained(self).release()
            isStarting.store(false, ordering: .releasing)
            hasEnded.store(true, ordering: .releasing)
            notify("no thread can be made (\(String(cString: strerror(error)))): events stay in the journal")
        }
    }

    /// Lets the thread send what is there and end by itself; nobody waits for it.
    func endWhenSent() {
        endsWhenSent.store(true, ordering: .releasing)
        let handle = thread.exchange(0, ordering: .acquiringAndReleasing)
        if handle != 0 { pthread_detach(pthread_t(handle)) }
    }

    /// Ends the thread, and waits for it until the deadline. A thread that the system's resolver holds is left alone.
    func end(deadline: MonotonicTime) {
        isEnding.store(true, ordering: .releasing)
        let handle = thread.exchange(0, ordering: .acquiringAndReleasing)
        guard handle != 0 else { return }
        _ = Self.poll(until: deadline) { hasEnded.load(ordering: .acquiring) }
        if hasEnded.load(ordering: .acquiring) {
            pthread_join(pthread_t(handle), nil)
        } else {
            pthread_detach(pthread_t(handle))
        }
    }

    func wait(until deadline: MonotonicTime, _ isReached: (Progress) -> Bool) -> Bool {
        // Once the thread has ended there is nothing more to wait for.
        _ = Self.poll(until: deadline) { hasEnded.load(ordering: .acquiring) || isReached(progress) }
        return isReached(progress)
    }

    func waitForApplied(through seq: UInt64, until deadline: MonotonicTime) -> Bool {
        waiters.add(1, ordering: .acquiringAndReleasing)
        defer { waiters.subtract(1, ordering: .acquiringAndReleasing) }
        return wait(until: deadline) { $0.isSent(through: seq) && $0.applied >= seq }
    }

    /// Looks every half millisecond. A condition variable would need a lock that the log path shares.
    private static func poll(until deadline: MonotonicTime, _ isReached: () -> Bool) -> Bool {
        while !isReached() {
            guard MonotonicTime.now < deadline else { return false }
            rest(.microseconds(500))
        }
        return true
    }

    private static func rest(_ duration: Duration) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(duration.components.attoseconds / 1_000_000_000))
        nanosleep(&time, nil)
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
        gate.lock()
        defer { gate.unlock() }
        isStarting.store(false, ordering: .releasing)
        let host = DeliveryHost(
            goesOn: {
                // The training does too, also while Redis is waited for, and needs the next segment in time.
                self.journal.prepare()
                return !self.isEnding.load(ordering: .acquiring)
            },
            whileBlocked: { self.whileBlocked($0) })
        var delivery = Delivery(
            journal: journal, url: url, keyspace: keyspace, settling: adoption.settling, notify: notify, host: host)
        var adoption = Adoption(adoption, host: host)
        var nextScan = MonotonicTime.now
        while true {
            let step = delivery.step(
                // Asked before the journal is looked at: nothing is appended after the last handle is gone.
                endsWhenSent: endsWhenSent.load(ordering: .acquiring),
                isAwaited: waiters.load(ordering: .acquiring) > 0)
            sent.store(delivery.outbox.sent, ordering: .releasing)
            applied.store(delivery.applied, ordering: .releasing)
            released.store(delivery.outbox.released, ordering: .releasing)
            if case .finished = step { break }
            if .now >= nextScan {
                nextScan = .now + Self.scanInterval
                adoption.scan()
            }
            let adopting = adoption.step()
            adopted.store(adoption.events, ordering: .releasing)
            damaged.store(adoption.damaged, ordering: .releasing)
            switch (step, adopting) {
            case (.worked, _), (_, .worked): break
            default:
                let pause: Duration = delivery.isBusy ? .milliseconds(1) : .milliseconds(5)
                whileBlocked { Self.rest(pause) }
            }
        }
        adoption.giveUp()
        delivery.end()
        hasEnded.store(true, ordering: .releasing)
    }

    /// Lets the process fork meanwhile.
    private func whileBlocked(_ body: () -> Void) {
        gate.unlock()
        body()
        gate.lock()
    }

    /// How often it is looked for journals of processes that ended meanwhile.
    private static let scanInterval: Duration = .seconds(30)
}

// A forked child.
extension Sender {
    /// Before the process is forked: waits until the thread is in a system call, and keeps it from coming out. Whatever
    /// locks the runtime has, it holds none of them there, so that they are free in the child.
    func holdForFork() {
        _ = Self.poll(until: MonotonicTime(nanoseconds: .max)) { !isStarting.load(ordering: .acquiring) }
        gate.lock()
    }

    /// In the parent, when that is done.
    func letGoAfterFork() {
        gate.unlock()
    }

    /// In the child: there is no thread, and what the parent's has sent is the parent's.
    ///
    /// Only what is safe in a signal handler.
    func becomeChild() {
        sent.store(0, ordering: .relaxed)
        applied.store(0, ordering: .relaxed)
        released.store(0, ordering: .relaxed)
        adopted.store(0, ordering: .relaxed)
        damaged.store(0, ordering: .relaxed)
        waiters.store(0, ordering: .relaxed)
        thread.store(0, ordering: .relaxed)
        isStarting.store(false, ordering: .relaxed)
        gate.reinitialize()
    }
}
