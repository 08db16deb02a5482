import Glibc

/// Threads that train at once.
enum ThreadGroup {
    /// Runs all, and waits until all have ended. A single one runs on the calling thread.
    static func run(_ trainers: [Trainer]) {
        var threads: [pthread_t] = []
        for trainer in trainers.dropFirst() {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(trainer).toOpaque()
            let code = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Trainer>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, argument)
            precondition(code == 0, "no thread: \(code)")
            threads.append(thread)
        }
        trainers.first?.run()
        for thread in threads { pthread_join(thread, nil) }
    }
}
