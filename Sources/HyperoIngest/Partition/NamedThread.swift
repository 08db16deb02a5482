import Glibc

/// A thread of its own for work that blocks, with a name that `top -H` and debuggers show.
enum NamedThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a detached thread.
    ///
    /// - Parameter name: at most 15 bytes; the system takes no more.
    /// - Returns: 0, or the errno of `pthread_create`.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
        let start = Unmanaged.passRetained(Start(String(name.prefix(15)), body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { raw in
            let start = Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue()
            setName(start.name)
            start.body()
            return nil
        }, start.toOpaque())
        guard code == 0 else {
            start.release()
            return code
        }
        pthread_detach(thread)
        return 0
    }

    /// Through the file system: `pthread_setname_np` does not come into Swift. A name is a courtesy: failing is no error.
    private static func setName(_ name: String) {
        let file = Glibc.open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }
}
