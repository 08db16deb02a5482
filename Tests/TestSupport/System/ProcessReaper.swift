import Foundation
import Glibc
import Synchronization

/// Kills the child processes and removes the files of a test process after its end.
///
/// A small shell reads commands from a pipe whose write end only this process holds. The shell keeps a list of process
/// groups. When the pipe closes (exit, crash or SIGKILL), it kills the listed groups and removes the root folder of all
/// temporary files.
///
/// `PR_SET_PDEATHSIG` looks simpler, but the signal is sent when the *thread* that started the child ends, and threads of
/// a pool end at any time. `atexit` handlers do not run after a crash or a SIGKILL.
enum ProcessReaper {
    /// The root of all files that this process writes. Always in `/tmp`, never in `TMPDIR`: the path of a unix socket is
    /// limited to 107 bytes.
    static let root: String = {
        var template = Array("/tmp/hypero-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("mkdtemp in /tmp: errno \(errno)") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// The root of files that a test must not wait for a disk for; ``root`` if there is no file system in memory with a few
    /// gigabytes of room.
    static let memoryRoot: String = {
        var status = statvfs()
        guard statvfs("/dev/shm", &status) == 0, status.f_bavail * status.f_frsize >= 4 << 30 else { return root }
        var template = Array("/dev/shm/hypero-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return root }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// Adds a process group to the list.
    static func watch(_ group: pid_t) { send("watch \(group)\n") }

    /// Removes a process group from the list. Must be called before the leader is reaped, because the id can be reused
    /// after that.
    static func forget(_ group: pid_t) { send("forget \(group)\n") }

    /// Starts the shell if it does not run yet, so that the roots are removed after this process.
    static func start() { _ = pipe }

    /// The write end of the pipe. A line is shorter than PIPE_BUF, so writes of several threads do not interleave.
    private static let pipe: Int32 = {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { fatalError("pipe: errno \(errno)") }
        // A child that inherited the write end would prevent the shell from ever seeing the end of the pipe. (pipe2 sets
        // the flag atomically, but Swift's Glibc module does not export the function.)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // "-s KILL": the kill of dash, Debian's sh, does not accept "--" after "-9".
        let script = """
            trap '' HUP INT TERM
            groups=' '
            while read -r verb group; do
                case $verb in
                    watch) groups="$groups$group " ;;
                    forget) groups="${groups%% $group *} ${groups#* $group }" ;;
                esac
            done
            for group in $groups; do kill -s KILL -- "-$group"; done
            rm -rf "$0" "$1"
            """
        do {
            _ = try spawn(
                ["/bin/sh", "-c", script, root, memoryRoot], environment: ["PATH": "/usr/bin:/bin"], input: ends[0])
        } catch {
            fatalError("\(error)")
        }
        close(ends[0])
        return ends[1]
    }()

    private static func send(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            while write(pipe, bytes.baseAddress, bytes.count) < 0 && errno == EINTR {}
        }
    }
}
