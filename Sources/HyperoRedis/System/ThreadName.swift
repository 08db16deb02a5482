import Glibc

/// What `top -H` and debuggers show of a thread.
package enum ThreadName {
    /// Names the calling thread; a courtesy, so that failing is no error.
    ///
    /// pthread_setname_np is behind _GNU_SOURCE, which Swift's view of glibc lacks.
    ///
    /// - Parameter name: at most 15 bytes; the system takes no more.
    package static func set(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, name, name.utf8.count)
        close(descriptor)
    }
}
