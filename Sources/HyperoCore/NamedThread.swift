import Glibc

/// A detached thread for work that blocks, with a name that `top -H` and debuggers show.
package enum NamedThread {
    /// Starts a thread.
    ///
    /// - Parameter name: at most 15 bytes, the limit of the kernel; the remainder is cut off.
    /// - Returns: 0, or the errno of `pthread_create`.
    package static func start(_ name: String, body: @escaping @Sendable () -> Void) -> Int32 {
        let start = Unmanaged.passRetained(ThreadStart(name: String(name.prefix(15)), body: body))
        let thread = UnsafeMutablePointer<pthread_t>.allocate(capacity: 1)
        defer { thread.deallocate() }
        let code = pthread_create(thread, nil, runThread, start.toOpaque())
        guard code == 0 else {
            start.release()
            return code
        }
        pthread_detach(thread.pointee)
        return 0
    }

    /// Names the calling thread. Failures are ignored.
    ///
    /// pthread_setname_np needs _GNU_SOURCE, which Swift's Glibc module is built without.
    ///
    /// - Parameter name: at most 15 bytes, the limit of the kernel.
    package static func setName(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, name, name.utf8.count)
        close(descriptor)
    }
}

/// The name and body that `pthread_create` passes to a new thread.
private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<ThreadStart>.fromOpaque(raw!).takeRetainedValue()
    NamedThread.setName(start.name)
    start.body()
    return nil
}
