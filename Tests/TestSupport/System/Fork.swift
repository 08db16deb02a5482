package import Glibc

/// A wrapper of fork(2), which Swift does not import by name.
package enum Fork {
    private static let fork: @convention(c) () -> pid_t = {
        unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
    }()

    /// Uses the types of threads and errors of the tests once.
    ///
    /// Before a process forks while it has other threads: if one of them uses a type for the first time at that moment, a lock
    /// of the Swift runtime stays locked in the child. The testing library uses several for each error.
    package static func useTypesOnce() throws {
        let threads = ThreadGroup(1) { _ in throw TestFailure("expected") }
        do {
            _ = try threads.results()
        } catch is TestFailure {}
        _ = try ThreadGroup(1) { _ in }.results()
    }

    /// Runs the body in a child process that exits with 0 if the body returns true, and else with 1.
    ///
    /// - Returns: the child's process id.
    package static func child(_ body: () -> Bool) -> pid_t {
        let pid = fork()
        guard pid == 0 else { return pid }
        _exit(body() ? 0 : 1)
    }

    /// Ends this process with SIGKILL.
    package static func killSelf() -> Bool {
        kill(getpid(), SIGKILL) == 0
    }

    /// Ends this process with `exit`, like a return from `main`.
    package static func exitSelf() -> Bool {
        exit(0)
    }

    /// Waits until a child ends, and kills it at the timeout.
    ///
    /// - Returns: the exit code; nil if the child ended by a signal or did not end in time.
    package static func wait(for pid: pid_t, seconds: Int) -> Int32? {
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

/// A pipe by which a forked process tells another one that it has reached a point.
///
///     let isReady = try ForkSignal()
///     let child = Fork.child { isReady.send(); … }
///     isReady.wait()
package struct ForkSignal: Sendable {
    private let reading: CInt
    private let writing: CInt

    package init() throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure("pipe: \(String(cString: strerror(errno)))") }
        (reading, writing) = (ends[0], ends[1])
    }

    /// Sends a value, which one process receives.
    package func send(_ value: UInt8 = 1) {
        var value = value
        while write(writing, &value, 1) == -1, errno == EINTR {}
    }

    /// Waits until another process has sent a value.
    ///
    /// - Returns: the value; nil if none was sent within the time.
    package func wait(seconds: Int32 = 120) -> UInt8? {
        var descriptor = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&descriptor, 1, seconds * 1_000)
            if ready == -1, errno == EINTR { continue }
            guard ready == 1 else { return nil }
            var value: UInt8 = 0
            return read(reading, &value, 1) == 1 ? value : nil
        }
    }
}
