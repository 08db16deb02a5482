import Foundation
import Glibc
import TestSupport

/// A short program whose whole life is measured, from its start to its end.
///
/// Not ``ChildProcess``: that looks every few milliseconds whether a program has ended.
struct TimedProcess {
    private let command: [String]

    /// - Parameter executable: a product of this package, or a program in `PATH`.
    init(_ executable: String, _ arguments: [String]) {
        let product = "\(ChildProcess.productsDirectory)/\(executable)"
        command = [FileManager.default.isExecutableFile(atPath: product) ? product : executable] + arguments
    }

    /// Runs it once; what it prints goes to /dev/null.
    ///
    /// - Returns: when it was started and when its end was seen, in nanoseconds of the clock that only goes forward.
    func run() throws -> (start: Int64, end: Int64) {
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
        guard posix_spawnp(&pid, command[0], &actions, nil, &arguments, environ) == 0 else {
            throw BenchError("\(command[0]) does not start")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let end = Clock.now
        guard status == 0 else { throw BenchError("\(command.joined(separator: " ")) failed: status \(status)") }
        return (start, end)
    }
}
