import Foundation
import Glibc
import TestSupport

/// The children of trainings that have ended. This process adopts them from the kernel, waits for them, and checks their
/// endings.
///
/// Their journals are locked until they have ended, so an adoption of the journals must wait for them.
final class Orphans {
    private static let program = "chaos-producer"

    init() throws {
        // PR_SET_CHILD_SUBREAPER. By pointer, because prctl is variadic and Swift imports no variadic functions.
        typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        guard let symbol = dlsym(nil, "prctl") else { throw TestFailure("prctl not found") }
        guard unsafeBitCast(symbol, to: Prctl.self)(36, 1, 0, 0, 0) == 0 else { throw TestFailure(systemCall: "prctl") }
    }

    /// Reaps the orphans that have ended.
    ///
    /// - Parameter known: the process ids of the trainings that this process has started.
    /// - Returns: the process ids of the orphans that still run.
    /// - Throws: ``TestFailure`` if an orphan crashed or failed.
    func collect(except known: Set<pid_t>) throws -> [pid_t] {
        var running: [pid_t] = []
        for pid in Self.children() where !known.contains(pid) {
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else {
                running.append(pid)
                continue
            }
            guard status == 0 || status & 0x7F == SIGKILL || status & 0x7F == SIGTERM else {
                let ending = status & 0x7F == 0 ? "exited with \(status >> 8)" : "was killed by signal \(status & 0x7F)"
                throw TestFailure("the forked child \(pid) of a training \(ending)")
            }
        }
        return running
    }

    /// Returns the children of this process that are trainings, dead or alive.
    private static func children() -> [pid_t] {
        let own = getpid()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
            // <pid> (<name>) <state> <parent> …
            guard let start = status.firstIndex(of: "("), let end = status.lastIndex(of: ")"),
                status[start...].dropFirst().prefix(program.utf8.count) == program
            else { return false }
            let words = status[end...].split(separator: " ")
            return words.count > 2 && words[2] == "\(own)"
        }
    }
}
