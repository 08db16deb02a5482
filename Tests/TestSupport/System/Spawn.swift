import Foundation
import Glibc

/// Starts a program as the leader of a new process group.
///
/// A Ctrl-C in the terminal does not reach the group, and the group can be killed together with its children. The program
/// inherits only the three standard descriptors. All signals are unblocked and have their default action, whatever the
/// test process or one of its threads has set.
///
/// - Parameters:
///   - command: the program and its arguments. A name without a slash is searched in `PATH`.
///   - environment: the complete environment.
///   - input: the descriptor that becomes standard input; nil for `/dev/null`.
///   - output: the path of the file for standard output.
///   - error: the path of the file for standard error.
///   - terminal: the path of a terminal that becomes standard input and output, and the controlling terminal of a session of the
///     program's own; nil for none.
/// - Returns: the process id, which is also the group id.
func spawn(
    _ command: [String], environment: [String: String], input: Int32? = nil, output: String = "/dev/null",
    error: String = "/dev/null", terminal: String? = nil
) throws(TestFailure) -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    // POSIX_SPAWN_SETSID, which Swift does not import. A session leader leads a group too.
    let leading = terminal == nil ? Int32(POSIX_SPAWN_SETPGROUP) : 0x80
    let flags = leading | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let terminal {
        posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
    } else if let input {
        posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    for (descriptor, path) in [(Int32(1), terminal ?? output), (Int32(2), error)] {
        posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    // A close action for a descriptor that is already closed is no error.
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for descriptor in descriptors.compactMap({ Int32($0) }) where descriptor > 2 {
        posix_spawn_file_actions_addclose(&actions, descriptor)
    }

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }

    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw TestFailure(systemCall: "posix_spawnp of \(command[0])", code: code) }
    return pid
}
