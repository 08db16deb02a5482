import Glibc

/// The number of steps of the loops of the fold, per thread. Tests compare the steps of `n` and `2 * n` events.
///
/// Time would do the same less reliably. In a release build the counter does not exist.
package enum WorkCounter {
    #if DEBUG
        /// Protected by nothing: the key is made once, and each thread has a counter of its own.
        private static let key: pthread_key_t = {
            var key = pthread_key_t()
            pthread_key_create(&key) { $0?.deallocate() }
            return key
        }()

        private static var counter: UnsafeMutablePointer<Int> {
            if let counter = pthread_getspecific(key) { return counter.assumingMemoryBound(to: Int.self) }
            let counter = UnsafeMutablePointer<Int>.allocate(capacity: 1)
            counter.initialize(to: 0)
            pthread_setspecific(key, counter)
            return counter
        }
    #endif

    /// Counts steps of a loop.
    @inline(__always)
    static func count(_ steps: @autoclosure () -> Int) {
        #if DEBUG
            counter.pointee += steps()
        #endif
    }

    /// Returns the number of steps of a body on this thread; nil in a release build.
    package static func steps<Result>(of body: () throws -> Result) rethrows -> (result: Result, steps: Int?) {
        #if DEBUG
            let before = counter.pointee
            let result = try body()
            return (result, counter.pointee - before)
        #else
            return (try body(), nil)
        #endif
    }
}
