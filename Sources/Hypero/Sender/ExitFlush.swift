import Glibc
import HyperoCore
import Synchronization

/// The flush of a process that ends by `exit` or by a return from `main`, without ``Hypero/Hypero/close(timeout:)``.
///
/// A handler of `atexit` waits until the senders have sent the events logged so far. It changes nothing: the senders go on,
/// and the other threads of the program may log. A journal that is not sent stays for the next client on the host, as after a
/// kill. Signals keep their meaning: `atexit` handlers do not run when a signal ends the process.
///
/// The handler cannot hang, whatever other threads hold: it reads atomics only, and waits for no lock longer than
/// ``lockTimeout``.
final class ExitFlush: @unchecked Sendable {
    /// Created before the first sender. It registers the handler, and is never released.
    static let shared: ExitFlush = {
        let shared = ExitFlush()
        ForkGuard.add(shared)
        _ = atexit { ExitFlush.shared.waitForSenders() }
        return shared
    }()

    private let lock = AdaptiveMutex()
    /// The senders that have a thread. Protected by `lock`, and behind a pointer, so that a forked child can replace the array
    /// without a look at the old one.
    private let senders = UnsafeMutablePointer<[Sender]>.allocate(capacity: 1)

    private static let lockTimeout: Duration = .milliseconds(100)
    /// The time after a deadline in which a sender may still report its unsent events.
    private static let reportTime: Duration = .milliseconds(500)

    private init() {
        senders.initialize(to: [])
    }

    func add(_ sender: Sender) {
        lock.withLock { senders.pointee.append(sender) }
    }

    /// Removes a sender of which the caller holds a reference.
    func remove(_ sender: Sender) {
        lock.withLock { senders.pointee.removeAll { $0 === sender } }
    }

    fileprivate func waitForSenders() {
        let start = MonotonicTime.now
        guard Polling.poll(until: start + Self.lockTimeout, { lock.tryLock() }) else { return }
        // A child that was created without the handlers of fork, for example by vfork, does not own the senders.
        let own = senders.pointee.filter(\.isAwaitedAtExit)
        lock.unlock()
        guard let latest = own.map({ $0.requestExit(from: start) }).max() else { return }
        _ = Polling.poll(until: latest + Self.reportTime) { own.allSatisfy { $0.allowsExit } }
    }
}

extension ExitFlush {
    /// Waits until the threads of the senders that ``Sender/stopAll()`` stops are in system calls, not longer than ``lockTimeout``.
    func stopSenders() {
        let deadline = MonotonicTime.now + Self.lockTimeout
        guard Polling.poll(until: deadline, { lock.tryLock() }) else { return }
        let all = senders.pointee
        lock.unlock()
        for sender in all { sender.awaitStop(until: deadline) }
    }
}

extension Hypero {
    /// Waits for the senders as a process that ends by `exit`, for a process that ends otherwise. Called once.
    package static func flushAtExit() {
        ExitFlush.shared.waitForSenders()
    }
}

extension ExitFlush: ForkParticipant {
    static var forkStage: ForkGuard.Stage { .descriptors }

    func beforeFork() {}

    func afterForkInParent() {}

    /// Forgets the parent's senders. Another thread of the parent may have been changing the array.
    func afterForkInChild() {
        senders.initialize(to: [])
        lock.reinitialize()
    }
}

/// The request of a process that ends to its sender's thread. All of it is atomic.
final class ExitRequest: Sendable {
    /// The highest sequence number to send.
    private let target = Atomic<UInt64>(0)
    /// The nanoseconds of the deadline; 0 if there is no request.
    private let deadline = Atomic<Int64>(0)
    private let hasFinished = Atomic<Bool>(false)
    /// The process and the thread of the sender.
    private let process = Atomic<Int32>(0)
    private let thread = Atomic<UInt>(0)

    /// Remembers the calling thread as the sender's.
    func begin() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        process.store(getpid(), ordering: .releasing)
    }

    /// true if the calling thread may wait for the sender's: it is another thread of the same process.
    var mayBeAwaited: Bool {
        let owner = process.load(ordering: .acquiring)
        // 0: the thread has not run yet.
        guard owner != 0 else { return true }
        return owner == getpid() && thread.load(ordering: .relaxed) != UInt(pthread_self())
    }

    func request(target: UInt64, deadline: MonotonicTime) {
        self.target.store(target, ordering: .relaxed)
        self.deadline.store(max(deadline.nanoseconds, 1), ordering: .releasing)
    }

    /// The request that the thread has not finished; nil if there is none.
    var pending: (target: UInt64, deadline: MonotonicTime)? {
        let nanoseconds = deadline.load(ordering: .acquiring)
        guard nanoseconds > 0, !hasFinished.load(ordering: .relaxed) else { return nil }
        return (target.load(ordering: .relaxed), MonotonicTime(nanoseconds: nanoseconds))
    }

    /// true if the deadline of an unfinished request has passed.
    var isOverdue: Bool { pending.map { .now >= $0.deadline } ?? false }

    func finish() {
        hasFinished.store(true, ordering: .releasing)
    }

    var isFinished: Bool { hasFinished.load(ordering: .acquiring) }

    /// Forgets the parent's request and thread, in a forked child.
    func reset() {
        deadline.store(0, ordering: .relaxed)
        hasFinished.store(false, ordering: .relaxed)
        process.store(0, ordering: .relaxed)
        thread.store(0, ordering: .relaxed)
    }
}
