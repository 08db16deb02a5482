import Glibc
import HyperoRedis
import Synchronization
import TestSupport

/// Runs a body on a thread that may make no system call: the kernel kills the process with SIGSYS at the first one.
///
/// Needs no rights, and no more of the kernel than seccomp(2).
final class ConfinedThread: Sendable {
    private enum State: Int {
        case working, finished, notConfined
    }

    private let state = Atomic<Int>(State.working.rawValue)

    /// - Throws: when the kernel does not confine it, and when it does not come to its end.
    static func run(_ body: @escaping @Sendable () -> Void) throws {
        let thread = ConfinedThread()
        _ = ThreadGroup(1) { _ in
            guard confine() else { return thread.state.store(State.notConfined.rawValue, ordering: .releasing) }
            body()
            thread.state.store(State.finished.rawValue, ordering: .releasing)
            // To end would be a system call.
            while true {}
        }
        let isOver = eventually { thread.state.load(ordering: .acquiring) != State.working.rawValue }
        guard isOver else { throw TestFailure("the confined thread does not come to its end") }
        guard thread.state.load(ordering: .acquiring) == State.finished.rawValue else {
            throw TestFailure("the kernel does not confine a thread")
        }
    }

    private static func confine() -> Bool {
        // Not to be called by name, because of its variable arguments.
        typealias Control = @convention(c) (CInt, UInt, UInt, UInt, UInt) -> CInt
        let control = unsafeBitCast(dlsym(nil, "prctl"), to: Control.self)
        let noNewPrivileges: CInt = 38
        let setFilter: (option: CInt, mode: UInt) = (22, 2)
        guard control(noNewPrivileges, 1, 0, 0, 0) == 0 else { return false }
        // struct sock_filter: 16 bits of code, 8 and 8 of jumps, 32 of a value; struct sock_fprog: a count and a pointer.
        return filter.withUnsafeBufferPointer { filter in
            let program = [UInt(filter.count), UInt(bitPattern: filter.baseAddress)]
            return program.withUnsafeBufferPointer {
                control(setFilter.option, setFilter.mode, UInt(bitPattern: $0.baseAddress), 0, 0) == 0
            }
        }
    }

    /// Kills at each call but the one that tells the time, which some machines have no way around.
    private static let filter: [UInt64] = [
        0x20,  // load the call's number
        0x15 | 1 << 24 | timeCall << 32,  // if it is not this, skip one
        0x06 | 0x7FFF_0000 << 32,  // allow
        0x06 | 0x8000_0000 << 32,  // kill the process
    ]

    #if arch(x86_64)
        private static let timeCall: UInt64 = 228
    #else
        private static let timeCall: UInt64 = 113
    #endif
}
