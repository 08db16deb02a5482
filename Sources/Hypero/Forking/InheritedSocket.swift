import Glibc
import Synchronization

/// The descriptors of the sender's sockets, which a forked child inherits and closes at once.
///
/// Otherwise Redis would keep a connection of a dead process for as long as one of its children lives. The thread that
/// uses the sockets holds the sender's lock whenever it changes a descriptor, so that no fork comes between the change
/// and the opening or closing of the socket.
final class InheritedSocket: @unchecked Sendable {
    /// That of the connection, and those of a race of addresses; -1 for none. The memory is freed by `deinit` only.
    private let descriptors: UnsafeMutablePointer<Atomic<CInt>>

    /// The largest number of sockets of a race.
    static let maxRaceSockets = 8

    init() {
        descriptors = .allocate(capacity: 1 + Self.maxRaceSockets)
        for index in 0...Self.maxRaceSockets { (descriptors + index).initialize(to: Atomic(-1)) }
        ForkGuard.add(self)
    }

    deinit {
        ForkGuard.remove(self)
        descriptors.deinitialize(count: 1 + Self.maxRaceSockets)
        descriptors.deallocate()
    }

    func set(_ descriptor: CInt) {
        descriptors[0].store(descriptor, ordering: .relaxed)
    }

    /// Replaces the descriptors of a race.
    func setRace(_ race: [CInt]) {
        for index in 0..<Self.maxRaceSockets {
            descriptors[1 + index].store(index < race.count ? race[index] : -1, ordering: .relaxed)
        }
    }

    /// Forgets the descriptor. Called before the socket is closed: the number may then belong to another file.
    func clear() {
        set(-1)
    }
}

extension InheritedSocket: ForkParticipant {
    static var forkStage: ForkGuard.Stage { .descriptors }

    func beforeFork() {}

    func afterForkInParent() {}

    func afterForkInChild() {
        for index in 0...Self.maxRaceSockets {
            let descriptor = descriptors[index].exchange(-1, ordering: .relaxed)
            if descriptor >= 0 { close(descriptor) }
        }
    }
}
