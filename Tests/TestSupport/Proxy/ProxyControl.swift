import Glibc
import Synchronization

/// What a test and the proxy's thread share: what the test wants, and what the thread has counted.
final class ProxyControl: Sendable {
    /// What the thread is to do.
    struct Command {
        var line = ProxyLine.good
        /// Goes up with each change of the line: its counts then begin anew.
        var lineNumber = 0
        var target: String
        var disconnectsAll = false
        var isStopping = false
    }

    private struct State {
        var wish: Command
        var traffic = ProxyTraffic()
    }

    private let state: Mutex<State>
    private let hasEnded = Atomic<Bool>(false)
    /// A byte written to the second end wakes the thread.
    private let wake: (read: Int32, write: Int32)

    /// Becomes readable when the wish has changed.
    var signal: Int32 { wake.read }

    init(target: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure("pipe: errno \(errno)") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wake = (ends[0], ends[1])
        state = Mutex(State(wish: Command(target: target)))
    }

    deinit {
        close(wake.read)
        close(wake.write)
    }

    var line: ProxyLine {
        get { state.withLock { $0.wish.line } }
        set {
            change {
                $0.line = newValue
                $0.lineNumber += 1
            }
        }
    }

    var traffic: ProxyTraffic { state.withLock { $0.traffic } }

    func disconnectAll() { change { $0.disconnectsAll = true } }

    func move(to target: String) {
        change {
            $0.target = target
            $0.disconnectsAll = true
        }
    }

    /// Ends the thread, and waits until its sockets are closed.
    func stop() {
        change { $0.isStopping = true }
        while !hasEnded.load(ordering: .acquiring) { usleep(200) }
    }

    private func change(_ body: (inout Command) -> Void) {
        state.withLock { body(&$0.wish) }
        // A full pipe wakes as well.
        _ = write(wake.write, "!", 1)
    }
}

// What the thread calls.
extension ProxyControl {
    func takeWish() -> Command {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(wake.read, &buffer, buffer.count) > 0 {}
        return state.withLock { state in
            defer { state.wish.disconnectsAll = false }
            return state.wish
        }
    }

    func count(_ body: (inout ProxyTraffic) -> Void) {
        state.withLock { body(&$0.traffic) }
    }

    func ended() { hasEnded.store(true, ordering: .releasing) }
}
