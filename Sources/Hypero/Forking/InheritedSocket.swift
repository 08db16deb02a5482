import Glibc
import Synchronization

/// The descriptor of the sender's socket, which a forked child inherits and closes at once.
///
/// Otherwise Redis would keep a connection of a dead process for as long as one of its children lives. The thread that
/// uses the socket holds the sender's lock whenever it changes the descriptor, so that no fork comes between the change
/// and the opening or closing of the socket.
final class InheritedSocket: Sendable {
    /// The descriptor; -1 for none.
    private let descriptor = Atomic<CInt>(-1)

    init() {
        ForkGuard.add(self)
    }

    deinit {
        ForkGuard.remove(self)
    }

    func set(_ descriptor: CInt) {
        self.descriptor.store(descriptor, ordering: .relaxed)
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
        let descriptor = descriptor.exchange(-1, ordering: .relaxed)
        if descriptor >= 0 { close(descriptor) }
    }
}
