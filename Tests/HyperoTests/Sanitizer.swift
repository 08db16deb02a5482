import Glibc
import Testing

/// The state of ThreadSanitizer and AddressSanitizer in this build.
enum Sanitizer {
    /// True if the tests are built with one of the sanitizers.
    static let isOn = detectsRaces || dlsym(nil, "__asan_init") != nil
    /// True if the tests are built with ThreadSanitizer.
    static let detectsRaces = dlsym(nil, "__tsan_init") != nil
}

extension Trait where Self == ConditionTrait {
    /// For tests that fork a process with threads.
    ///
    /// Under ThreadSanitizer the child cannot start threads, and each use of a static property acquires a lock of Swift's
    /// runtime, which another thread of the parent may hold during the fork. The child then waits forever.
    static var forks: Self { .enabled(if: !Sanitizer.detectsRaces, "forked children hang under ThreadSanitizer") }
}
