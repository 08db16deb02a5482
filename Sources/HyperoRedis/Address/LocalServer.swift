import Glibc

/// The Redis server that `hypero up` runs for one user of a machine.
enum LocalServer {
    /// The path of its unix socket: `hypero/up/redis.sock` under `XDG_STATE_HOME`, else under `.local/state` in `HOME`.
    ///
    /// `Scripts/up` and Sources/Python/hypero/up.py use the same path.
    ///
    /// - Parameter environment: returns the value of an environment variable.
    /// - Returns: nil if neither variable is an absolute path.
    static func socketPath(environment: (String) -> String?) -> String? {
        guard let state = environment("XDG_STATE_HOME") ?? environment("HOME").map({ $0 + "/.local/state" }),
            state.hasPrefix("/")
        else { return nil }
        return state + "/hypero/up/redis.sock"
    }

    /// Returns whether a process of this user listens on a socket.
    ///
    /// Never waits: a server whose queue of connections is full is not found. Costs four system calls.
    static func listens(on path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // With the zero at the end.
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        // Another user may have made the folder, and must not receive the events.
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            return false
        }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
