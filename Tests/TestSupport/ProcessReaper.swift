import Foundation
import Glibc
import Synchronization

/// Sees to it that nothing a test has started or written outlives the test process, however that ends.
///
/// A tiny shell reads from a pipe whose other end only this process holds. It keeps a list of process groups, and when
/// the pipe closes (exit, crash, SIGKILL alike) it kills what is still on the list and removes the one folder below
/// which all temporary files lie.
///
/// `PR_SET_PDEATHSIG` looks simpler, but fires when the *thread* that started the child ends, and threads of a pool come
/// and go. `atexit` does not run after a crash or a SIGKILL.
enum ProcessReaper {
    /// The folder of everything this process writes. It lies in `/tmp` whatever `TMPDIR` says, because the path of a
    /// unix socket has to fit 107 bytes.
    static let root: String = {
        var template = Array("/tmp/hypero-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary folder: mkdtemp in /tmp: errno \(errno)") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// Has the process group killed when this process ends.
    static func watch(_ group: pid_t) { tell("watch \(group)\n") }

    /// Takes a group off the list. To be called before its leader is reaped, since the id is free for others afterwards.
    static func forget(_ group: pid_t) { tell("forget \(group)\n") }

    /// Makes sure that the shell runs, and so that ``root`` is removed in the end.
    static func start() { _ = pipe }

    /// The write end. A line is shorter than PIPE_BUF, so writes of several threads do not mix.
    private static let pipe: Int32 = {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { fatalError("pipe: errno \(errno)") }
        // A child that kept the pipe open would keep itself alive. (pipe2, which does both at once, is not in Glibc.)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // "-s KILL", because the kill of dash, which is Debian's sh, takes no "--" after "-9".
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
            rm -rf "$0"
            """
        do {
            _ = try spawn(["/bin/sh", "-c", script, root], environment: ["PATH": "/usr/bin:/bin"], input: ends[0])
        } catch {
            fatalError("\(error)")
        }
        close(ends[0])
        return ends[1]
    }()

    private static func tell(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            while write(pipe, bytes.baseAddress, bytes.count) < 0 && errno == EINTR {}
        }
    }
}
