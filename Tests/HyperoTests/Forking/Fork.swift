import Glibc

/// A wrapper of fork(2), which Swift does not import by name.
enum Fork {
    private static let fork: @convention(c) () -> pid_t = {
        unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
    }()

    /// Runs the body in a child process that exits with 0 if the body returns true, and else with 1.
    ///
    /// - Returns: the child's process id.
    static func child(_ body: () -> Bool) -> pid_t {
        let pid = fork()
        guard pid == 0 else { return pid }
        _exit(body() ? 0 : 1)
    }

    /// Ends this process with SIGKILL.
    static func killSelf() -> Bool {
        kill(getpid(), SIGKILL) == 0
    }

    /// Ends this process with `exit`, like a return from `main`.
    static func exitSelf() -> Bool {
        exit(0)
    }

    /// Waits until a child ends, and kills it at the timeout.
    ///
    /// - Returns: the exit code; nil if the child ended by a signal or did not end in time.
    static func wait(for pid: pid_t, seconds: Int) -> Int32? {
        for _ in 0..<seconds * 1_000 {
            var status: Int32 = 0
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid { return status & 0x7F == 0 ? status >> 8 & 0xFF : nil }
            if ended < 0, errno != EINTR { return nil }
            usleep(1_000)
        }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return nil
    }
}
