import Foundation
import Glibc
import TestSupport

/// A short program whose run time is measured, from start to exit.
///
/// Not `ChildProcess`, which polls for the program's end only every few milliseconds.
struct TimedProcess {
    private let command: [String]

    /// - Parameters:
    ///   - executable: the name of a product of this package or of a program in `PATH`.
    ///   - arguments: the arguments after the name.
    init(_ executable: String, _ arguments: [String]) {
        let product = "\(ChildProcess.productsDirectory)/\(executable)"
        command = [FileManager.default.isExecutableFile(atPath: product) ? product : executable] + arguments
    }

    /// Runs the program once, with its output to /dev/null.
    ///
    /// - Returns: the times of ``Clock`` before the start and after the end, in nanoseconds.
    func run() throws -> (start: Int64, end: Int64) {
        let (start, pid) = try spawn()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let end = Clock.now
        try check(status)
        return (start, end)
    }

    /// Runs the program once, with its output to /dev/null, and looks at its memory every two milliseconds.
    ///
    /// Not `ru_maxrss`, which includes the memory of the process that started the program.
    ///
    /// - Returns: the run time in nanoseconds, and the peak of the resident memory in bytes.
    func runWatchingMemory() throws -> (duration: Int64, peak: Int) {
        let (start, pid) = try spawn()
        var status: Int32 = 0
        var peak = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            if let memory = ProcessMemory(of: pid) { peak = max(peak, memory.peak) }
            usleep(2_000)
        }
        let end = Clock.now
        try check(status)
        return (end - start, peak)
    }

    private func spawn() throws -> (start: Int64, pid: pid_t) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [Int32(0), 1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let start = Clock.now
        let code = posix_spawnp(&pid, command[0], &actions, nil, &arguments, environ)
        guard code == 0 else { throw BenchError(systemCall: "posix_spawnp of \(command[0])", code: code) }
        return (start, pid)
    }

    private func check(_ status: Int32) throws {
        guard status == 0 else { throw BenchError("\(command.joined(separator: " ")) failed: wait status \(status)") }
    }
}
