import ArgumentParser
import Glibc
import Synchronization

/// The children that a producer forks.
enum Forks: String, ExpressibleByArgument {
    case none
    /// Children that do not log, and children that log with a client of their own.
    case own
    /// One child, which goes on with the experiment in the background after the producer has exited.
    case daemon
    /// Children that log to the producer's experiments, leave its process group, and go on after its end.
    case outliving
    /// Workers that log to the producer's experiment at the same time, and whose end the producer waits for.
    case pool
}

/// The children of one process that are not reaped.
final class Children {
    private var pids: [pid_t] = []
    private var hasFailed = false

    /// The number of children that are not known to have ended.
    var count: Int { pids.count }

    func add(_ pid: pid_t) { pids.append(pid) }

    /// Forgets the children without waiting for them, in a child.
    func forget() { pids = [] }

    /// Reaps the children that have ended.
    func reap() {
        pids.removeAll { hasEnded($0, options: WNOHANG) }
    }

    /// Waits until all children have ended. After SIGTERM the children receive the signal too.
    ///
    /// - Returns: true if one of them crashed or failed.
    func wait() -> Bool {
        if isTerminated.load(ordering: .acquiring) { for pid in pids { kill(pid, SIGTERM) } }
        pids.removeAll { hasEnded($0, options: 0) }
        return hasFailed
    }

    private func hasEnded(_ pid: pid_t, options: Int32) -> Bool {
        var status: Int32 = 0
        var reaped: pid_t
        repeat { reaped = waitpid(pid, &status, options) } while reaped < 0 && errno == EINTR
        guard reaped == pid else { return reaped < 0 }
        // Faults kill children too.
        let isNormal = status == 0 || status & 0x7F == SIGKILL || status & 0x7F == SIGTERM
        if !isNormal {
            hasFailed = true
            let ending = status & 0x7F == 0 ? "exited with \(status >> 8)" : "was killed by signal \(status & 0x7F)"
            ChaosProducer.complain("the child \(pid) \(ending)")
        }
        return true
    }
}
