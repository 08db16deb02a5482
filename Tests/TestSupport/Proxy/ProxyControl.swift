import Glibc
import Synchronization

/// The state that a test and the proxy's thread share: the test's commands and the thread's counts.
final class ProxyControl: Sendable {
    /// The settings that the test has requested from the thread.
    struct Command {
        var network = NetworkCondition.good
        /// Incremented with each change of the network condition, whose byte counts then restart at 0.
        var networkNumber = 0
        /// The path of the server's unix socket.
        var target: String
        var disconnectsAll = false
        var isStopping = false
    }

    private struct State {
        var command: Command
        var traffic = ProxyTraffic()
    }

    private let state: Mutex<State>
    private let hasEnded = Atomic<Bool>(false)
    /// A byte written to this pipe wakes the thread.
    private let wakePipe: (read: Int32, write: Int32)

    /// The descriptor that becomes readable after a change of the command.
    var wakeDescriptor: Int32 { wakePipe.read }

    init(target: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure(systemCall: "pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wakePipe = (ends[0], ends[1])
        state = Mutex(State(command: Command(target: target)))
    }

    deinit {
        close(wakePipe.read)
        close(wakePipe.write)
    }

    var network: NetworkCondition {
        get { state.withLock { $0.command.network } }
        set {
            change {
                $0.network = newValue
                $0.networkNumber += 1
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

    /// Ends the thread, and waits until the thread has closed its sockets.
    func stop() {
        change { $0.isStopping = true }
        while !hasEnded.load(ordering: .acquiring) { usleep(200) }
    }

    private func change(_ body: (inout Command) -> Void) {
        state.withLock { body(&$0.command) }
        // The write fails if the pipe is full. A full pipe wakes the thread as well.
        _ = write(wakePipe.write, "!", 1)
    }
}

// The methods for the proxy's thread.
extension ProxyControl {
    /// Returns the current command, and clears its one-time request to disconnect.
    func receiveCommand() -> Command {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(wakePipe.read, &buffer, buffer.count) > 0 {}
        return state.withLock { state in
            defer { state.command.disconnectsAll = false }
            return state.command
        }
    }

    func count(_ body: (inout ProxyTraffic) -> Void) {
        state.withLock { body(&$0.traffic) }
    }

    /// Records that the thread has closed its sockets.
    func markEnded() { hasEnded.store(true, ordering: .releasing) }
}
