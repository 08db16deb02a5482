import Glibc
import HyperoCore

/// An object that must stay usable in a forked child, although the child has only the thread that forked.
///
/// The owner of the object adds the object to ``ForkGuard``, and removes it while the owner still holds a reference: the
/// handlers retain the object, and if their release were the last one, `deinit` would run inside of `fork`. A file lock or a
/// socket, which has no lock to acquire, adds and removes itself, because only the child visits it.
protocol ForkParticipant: AnyObject {
    /// The stage in which the object acquires its locks.
    static var forkStage: ForkGuard.Stage { get }

    /// Prepares the object for the child. Called on the forking thread before the fork.
    ///
    /// An object may acquire a lock here and release it after the fork, but no lock that a log call waits for: a fork of a
    /// large process takes a second.
    func beforeFork()

    /// Called on the same thread in the parent.
    func afterForkInParent()

    /// Makes the object usable in the child, and its locks free. Called on the same thread in the child.
    ///
    /// Only operations that are safe in a signal handler are allowed: another thread of the parent may have been inside
    /// `malloc` during the fork.
    func afterForkInChild()
}

/// The registry of fork participants. `pthread_atfork` makes it call them before and after each fork of the process.
///
/// The child must neither read nor write its parent's files: it has no sender thread, the producer's sequence numbers
/// belong to the parent, and other threads of the parent go on with their log calls during the fork. In the child all
/// participants therefore forget what belongs to the parent, and the first log call creates a new producer. A child that
/// never logs creates nothing.
///
/// `posix_spawn` and `vfork` do not call the handlers, which is correct: their children only start another program.
enum ForkGuard {
    /// The order in which locks are acquired before a fork.
    ///
    /// A thread that holds a lock of one stage acquires only locks of later stages. This holds for the locks of the
    /// participants and of the stages, so a fork cannot deadlock with the other threads.
    enum Stage: Int {
        /// Without participants: the lock is held during a ``Rehearsal``.
        case rehearsals
        case senders
        case journals
        /// Descriptors of file locks and sockets, which only the child visits.
        case descriptors
    }

    private struct Entry {
        /// Not retained: a participant is removed before it is deallocated.
        unowned(unsafe) let participant: any ForkParticipant
        /// The address of the participant. To compare references would retain other participants, whose last reference
        /// may be released at the same time.
        let address: UnsafeRawPointer

        init(_ participant: any ForkParticipant) {
            self.participant = participant
            address = UnsafeRawPointer(Unmanaged.passUnretained(participant as AnyObject).toOpaque())
        }
    }

    private static let stageCount = 4

    /// One lock per stage, which protects the stage's participants.
    ///
    /// The locks and the participants have memory of their own: a lock must be readable while another thread changes the
    /// participants. Both are behind pointers, so that the handlers run no checks of exclusive access.
    private nonisolated(unsafe) static let locks: UnsafeMutablePointer<AdaptiveMutex> = {
        let locks = UnsafeMutablePointer<AdaptiveMutex>.allocate(capacity: stageCount)
        for stage in 0..<stageCount { (locks + stage).initialize(to: AdaptiveMutex()) }
        return locks
    }()

    /// The participants of each stage. Protected by the stage's lock.
    private nonisolated(unsafe) static let participants: UnsafeMutablePointer<[Entry]> = {
        let participants = UnsafeMutablePointer<[Entry]>.allocate(capacity: stageCount)
        participants.initialize(repeating: [], count: stageCount)
        // The handlers must not be the first to use the locks.
        _ = locks
        _ = pthread_atfork({ beforeFork() }, { afterForkInParent() }, { afterForkInChild() })
        return participants
    }()

    static func add<Participant: ForkParticipant>(_ participant: Participant) {
        _ = add(participant) { Result<Void, Never>.success(()) }
    }

    /// Adds a participant if a body succeeds. No fork happens between the two, so that no child inherits what the body
    /// acquires without a handler that releases it.
    ///
    /// - Returns: The result of the body.
    static func add<Participant: ForkParticipant, Success, Failure>(
        _ participant: Participant, after acquire: () -> Result<Success, Failure>
    ) -> Result<Success, Failure> {
        let stage = Participant.forkStage.rawValue
        // The first use registers the handlers. It must come before the body.
        let participants = participants
        return locks[stage].withLock {
            let result = acquire()
            if case .success = result { participants[stage].append(Entry(participant)) }
            return result
        }
    }

    /// Runs a body during which the process does not fork. The body may add and remove participants.
    static func excludingForks<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The first use registers the handlers.
        _ = participants
        return try locks[Stage.rehearsals.rawValue].withLock(body)
    }

    /// Removes a participant after a body. No fork happens between the two.
    static func remove<Participant: ForkParticipant>(_ participant: Participant, after release: () -> Void = {}) {
        let stage = Participant.forkStage.rawValue
        let address = UnsafeRawPointer(Unmanaged.passUnretained(participant).toOpaque())
        locks[stage].withLock {
            release()
            participants[stage].removeAll { $0.address == address }
        }
    }

    private static func beforeFork() {
        for stage in 0..<stageCount {
            locks[stage].lock()
            guard stage != Stage.descriptors.rawValue else { continue }
            for entry in participants[stage] { entry.participant.beforeFork() }
        }
    }

    private static func afterForkInParent() {
        for stage in (0..<stageCount).reversed() {
            if stage != Stage.descriptors.rawValue {
                for entry in participants[stage] { entry.participant.afterForkInParent() }
            }
            locks[stage].unlock()
        }
    }

    private static func afterForkInChild() {
        for stage in (0..<stageCount).reversed() {
            for entry in participants[stage] { entry.participant.afterForkInChild() }
            locks[stage].reinitialize()
        }
    }
}
