import Glibc
import HyperoCore

/// An object that must stay usable in a forked child, although the child has only the thread that forked.
///
/// The object adds itself to ``ForkGuard`` when it is created, and removes itself in `deinit`.
protocol ForkParticipant: AnyObject {
    /// The stage in which the object acquires its locks.
    static var forkStage: ForkGuard.Stage { get }

    /// Acquires the object's locks. Called on the forking thread before the fork.
    func beforeFork()

    /// Releases the locks. Called on the same thread in the parent.
    func afterForkInParent()

    /// Marks the object as a copy of the parent's, and makes its locks free. Called on the same thread in the child.
    ///
    /// Only operations that are safe in a signal handler are allowed: another thread of the parent may have been inside
    /// `malloc` during the fork.
    func afterForkInChild()
}

/// The registry of fork participants. `pthread_atfork` makes it call them before and after each fork of the process.
///
/// A fork must not copy a half-written record, and the child must not write to its parent's files: it has no sender
/// thread, and the producer's sequence numbers belong to the parent. In the child all participants are therefore marked
/// as forked, and the first log call creates a new producer. A child that never logs creates nothing.
///
/// `posix_spawn` and `vfork` do not call the handlers, which is correct: their children only start another program.
enum ForkGuard {
    /// The order in which locks are acquired before a fork.
    ///
    /// A thread that holds a lock of one stage acquires only locks of later stages. This holds for the locks of the
    /// participants and of the registries, so a fork cannot deadlock with the other threads.
    enum Stage: Int {
        case senders
        case journals
        case fileLocks
    }

    private struct Registry {
        let lock = AdaptiveMutex()
        /// Protected by `lock`. Not retained: a participant removes itself before it is deallocated.
        var participants: [Entry] = []
    }

    private struct Entry {
        unowned(unsafe) let participant: any ForkParticipant
    }

    private static let stageCount = 3

    /// One registry per stage.
    ///
    /// Behind a pointer, so that the handlers run no checks of exclusive access. Each registry has its own lock.
    private nonisolated(unsafe) static let registries: UnsafeMutablePointer<Registry> = {
        let registries = UnsafeMutablePointer<Registry>.allocate(capacity: stageCount)
        for stage in 0..<stageCount { (registries + stage).initialize(to: Registry()) }
        _ = pthread_atfork({ beforeFork() }, { afterForkInParent() }, { afterForkInChild() })
        return registries
    }()

    static func add<Participant: ForkParticipant>(_ participant: Participant) {
        let registry = registries + Participant.forkStage.rawValue
        registry.pointee.lock.withLock { registry.pointee.participants.append(Entry(participant: participant)) }
    }

    static func remove<Participant: ForkParticipant>(_ participant: Participant) {
        let registry = registries + Participant.forkStage.rawValue
        registry.pointee.lock.withLock { registry.pointee.participants.removeAll { $0.participant === participant } }
    }

    private static func beforeFork() {
        for stage in 0..<stageCount {
            registries[stage].lock.lock()
            for entry in registries[stage].participants { entry.participant.beforeFork() }
        }
    }

    private static func afterForkInParent() {
        for stage in (0..<stageCount).reversed() {
            for entry in registries[stage].participants { entry.participant.afterForkInParent() }
            registries[stage].lock.unlock()
        }
    }

    private static func afterForkInChild() {
        for stage in (0..<stageCount).reversed() {
            for entry in registries[stage].participants { entry.participant.afterForkInChild() }
            registries[stage].lock.reinitialize()
        }
    }
}
