import Glibc
import HyperoRedis

/// A thread of its own for work that blocks, with a name that `top -H` and debuggers show.
enum NamedThread {
    /// Starts a detached thread.
    ///
    /// - Parameter name: at most 15 bytes; the system takes no more.
    /// - Returns: 0, or the errno of `pthread_create`.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
        let start = Unmanaged.passRetained(ThreadStart(String(name.prefix(15)), body))
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
}

/// What a new thread is handed.
private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<ThreadStart>.fromOpaque(raw!).takeRetainedValue()
    ThreadName.set(start.name)
    start.body()
    return nil
}
