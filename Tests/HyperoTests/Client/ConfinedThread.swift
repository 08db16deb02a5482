import Glibc
import HyperoRedis
import Synchronization
import TestSupport

/// A thread on which the first system call ends the process with SIGSYS.
///
/// This needs no privileges, only a kernel with seccomp(2).
final class ConfinedThread: Sendable {
    private enum State: Int {
        case working, finished, notConfined
    }

    private let state = Atomic<Int>(State.working.rawValue)

    /// Runs the body on a confined thread and waits for its end.
    ///
    /// - Throws: ``TestFailure`` if the kernel refuses the filter or the body does not end in time.
    static func run(_ body: @escaping @Sendable () -> Void) throws {
        let thread = ConfinedThread()
        _ = ThreadGroup(1) { _ in
            guard confine() else { return thread.state.store(State.notConfined.rawValue, ordering: .releasing) }
            body()
            thread.state.store(State.finished.rawValue, ordering: .releasing)
            // The end of a thread is a system call, so the thread spins.
            while true {}
        }
        let hasEnded = eventually { thread.state.load(ordering: .acquiring) != State.working.rawValue }
        guard hasEnded else { throw TestFailure("the confined thread did not end in time") }
        guard thread.state.load(ordering: .acquiring) == State.finished.rawValue else {
            throw TestFailure("the kernel did not install the seccomp filter")
        }
    }

    /// Installs the filter for the calling thread, and returns whether the kernel accepted it.
    private static func confine() -> Bool {
        // Swift cannot call prctl by name, because it has variable arguments.
        typealias Control = @convention(c) (CInt, UInt, UInt, UInt, UInt) -> CInt
        let control = unsafeBitCast(dlsym(nil, "prctl"), to: Control.self)
        let noNewPrivileges: CInt = 38
        let setFilter: (option: CInt, mode: UInt) = (22, 2)
        guard control(noNewPrivileges, 1, 0, 0, 0) == 0 else { return false }
        // struct sock_filter has 16 bits of code, two jumps of 8 bits and a value of 32 bits.
        // struct sock_fprog has a count and a pointer.
        return filter.withUnsafeBufferPointer { filter in
            let program = [UInt(filter.count), UInt(bitPattern: filter.baseAddress)]
            return program.withUnsafeBufferPointer {
                control(setFilter.option, setFilter.mode, UInt(bitPattern: $0.baseAddress), 0, 0) == 0
            }
        }
    }

    /// A filter that allows only clock_gettime, which is a system call on machines without a usable vDSO clock.
    private static let filter: [UInt64] = [
        0x20,  // load the number of the system call
        0x15 | 1 << 24 | timeCall << 32,  // skip the next instruction unless the numbers are equal
        0x06 | 0x7FFF_0000 << 32,  // allow
        0x06 | 0x8000_0000 << 32,  // kill the process
    ]

    #if arch(x86_64)
        private static let timeCall: UInt64 = 228
    #else
        private static let timeCall: UInt64 = 113
    #endif
}
