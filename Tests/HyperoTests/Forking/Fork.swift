import Glibc

/// Forks the process, which Swift does not let one do by name.
enum Fork {
    private static let fork: @convention(c) () -> pid_t = {
        unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
    }()

    /// Runs a body in a child and ends it there, with 0 if the body says that all is well.
    ///
    /// - Returns: the child's process id.
    static func child(_ body: () -> Bool) -> pid_t {
        let pid = fork()
        guard pid == 0 else { return pid }
        _exit(body() ? 0 : 1)
    }

    /// Ends this process as a power cut would.
    static func killSelf() -> Bool {
        kill(getpid(), SIGKILL) == 0
    }

    /// Ends this process as a program does that returns from its main function.
    static func exitSelf() -> Bool {
        exit(0)
    }

    /// Waits for the end of a child.
    ///
    /// - Returns: its exit code; nil when it was killed or does not end.
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
