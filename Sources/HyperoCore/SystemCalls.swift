import Glibc

/// Repeats a system call while a signal interrupts it. The host process may have signal handlers.
///
/// - Parameter call: returns -1 and sets errno on failure.
@discardableResult
package func retryingInterrupts<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// Runs a body with one signal blocked on the calling thread, and discards the signal if the body raised it.
///
/// Two signals need this: SIGPIPE for a write to standard error, which may be a closed pipe (write(2) has no MSG_NOSIGNAL),
/// and SIGXFSZ for a file beyond the limit of `ulimit -f`. A handler would replace the handler of the host process.
package func withBlocked<Result>(signal: CInt, _ body: () -> Result) -> Result {
    var signalOnly = sigset_t()
    sigemptyset(&signalOnly)
    sigaddset(&signalOnly, signal)
    var pending = sigset_t()
    sigpending(&pending)
    // A pending signal is already blocked. It belongs to the host process and must not be discarded.
    guard sigismember(&pending, signal) == 0 else { return body() }
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &signalOnly, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let result = body()
    var zeroTimeout = timespec()
    while sigtimedwait(&signalOnly, nil, &zeroTimeout) == -1, errno == EINTR {}
    return result
}

/// Moves a descriptor above the standard streams, and sets close-on-exec.
///
/// A process may run without standard error (`2>&-`). The next descriptor that it opens is then 2, and everything that any
/// part of the process prints there would end up in a journal or at a server.
///
/// - Parameter descriptor: a descriptor that only the caller knows. It is closed if it is moved.
/// - Returns: the new descriptor; the same one if it is above 2 or cannot be moved.
package func movedAboveStandardStreams(_ descriptor: Int32) -> Int32 {
    guard (0...STDERR_FILENO).contains(descriptor) else { return descriptor }
    let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    guard moved >= 0 else { return descriptor }
    close(descriptor)
    return moved
}

/// Opens `/dev/null` as each of the three standard streams that is closed. For the start of a program, so that no file of
/// the program gets the descriptor of a stream.
package func openMissingStandardStreams() {
    for descriptor in 0...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
        // Takes the lowest free descriptor, which is this one. Results on a closed standard output are an error, because a write fails.
        _ = open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_RDWR)
    }
}

/// A failed system call: its name, the path it was applied to, and errno.
package struct SystemError: Error, CustomStringConvertible {
    package let call: String
    /// Empty if the call has no path.
    package let path: String
    package let code: Int32

    package init(_ call: String, path: String = "", code: Int32 = errno) {
        self.call = call
        self.path = path
        self.code = code
    }

    package var description: String {
        "\(path.isEmpty ? call : "\(call) \(path)"): \(String(cString: strerror(code)))"
    }
}

/// The environment variables of this process.
package enum ProcessEnvironment {
    /// Returns the value of a variable; nil if it is not set or empty.
    package static func value(of name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
