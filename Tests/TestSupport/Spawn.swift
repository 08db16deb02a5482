import Foundation
import Glibc

/// Starts a program as the leader of a process group of its own.
///
/// The group keeps a Ctrl-C of the terminal away from it, and lets it be killed along with its children. It starts with
/// no descriptor but the three standard ones, no blocked signal, and every signal at its default, whatever the test
/// process or one of its threads has set.
///
/// - Parameters:
///   - command: the program, looked up in `PATH` when it has no slash, and its arguments.
///   - environment: the whole environment.
///   - input: the descriptor that becomes standard input; `/dev/null` when nil.
///   - output: the path of the file that takes standard output.
///   - error: the path of the file that takes standard error.
/// - Returns: the process id, which is the id of the group too.
func spawn(
    _ command: [String], environment: [String: String], input: Int32? = nil, output: String = "/dev/null",
    error: String = "/dev/null"
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
    let flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
        posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    for (descriptor, path) in [(Int32(1), output), (Int32(2), error)] {
        posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    // Closing one that is gone by then is no error.
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for descriptor in descriptors.compactMap({ Int32($0) }) where descriptor > 2 {
        posix_spawn_file_actions_addclose(&actions, descriptor)
    }

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }

    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw TestFailure("\(command[0]) does not start: \(String(cString: strerror(code)))") }
    return pid
}
