import Glibc

/// Runs a body that the system may send a signal for, without that reaching the process: SIGPIPE for a write to a closed
/// connection (hiredis writes with write(2)), SIGXFSZ for a file beyond the limit of `ulimit -f`.
///
/// The host's handlers are not ours to change, so the signal is blocked on this thread only, and one that the body
/// raised is taken away before the mask is put back.
package func withBlocked<Result>(_ signal: CInt, _ body: () -> Result) -> Result {
    var signalOnly = sigset_t()
    sigemptyset(&signalOnly)
    sigaddset(&signalOnly, signal)
    var pending = sigset_t()
    sigpending(&pending)
    guard sigismember(&pending, signal) == 0 else { return body() }
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &signalOnly, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let result = body()
    var atOnce = timespec()
    while sigtimedwait(&signalOnly, nil, &atOnce) == -1, errno == EINTR {}
    return result
}
