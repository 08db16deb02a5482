import Glibc

/// Runs a body that may write to a closed connection, without SIGPIPE reaching the process.
///
/// hiredis writes with write(2). The host's handlers are not ours to change, so the signal is blocked on this thread
/// only, and one that the body raised is taken away before the mask is put back.
func withoutBrokenPipeSignal<Result>(_ body: () -> Result) -> Result {
    var pipeOnly = sigset_t()
    sigemptyset(&pipeOnly)
    sigaddset(&pipeOnly, SIGPIPE)
    var pending = sigset_t()
    sigpending(&pending)
    guard sigismember(&pending, SIGPIPE) == 0 else { return body() }
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &pipeOnly, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let result = body()
    var atOnce = timespec()
    while sigtimedwait(&pipeOnly, nil, &atOnce) == -1, errno == EINTR {}
    return result
}
