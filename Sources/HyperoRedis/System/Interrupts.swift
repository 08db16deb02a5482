import Glibc

/// Makes a system call again for as long as a signal interrupts it: the host process may have handlers.
///
/// - Parameter call: answers -1 and sets errno when it fails.
@discardableResult
package func retryingInterrupts<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
