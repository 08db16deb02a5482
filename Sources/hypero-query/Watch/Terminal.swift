import Glibc
import HyperoCore
import HyperoQuery
import Synchronization

/// The terminal of the program while it shows a screen: its mode, its size, and what is written to it.
///
/// The session owns the only instance. The terminal returns to its former mode exactly once, whether the session ends, the program
/// exits or a fatal signal ends it.
struct Terminal: ~Copyable {
    private let hasKeys: Bool

    /// Begins the screen.
    init() {
        hasKeys = isatty(STDIN_FILENO) == 1
        TerminalRestoration.prepare()
        enter()
    }

    deinit { leave() }

    private func enter() {
        TerminalRestoration.begin(hasKeys: hasKeys)
        _ = writeAll(TerminalFrame.begin, to: STDOUT_FILENO)
    }

    private func leave() { TerminalRestoration.restore() }

    /// The descriptor of the keys; nil if the terminal sends none.
    var keys: Int32? { hasKeys ? STDIN_FILENO : nil }

    /// The size, 80 by 24 characters if the terminal does not report it.
    static var size: WatchView.Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return WatchView.Size(columns: 80, rows: 24)
        }
        return WatchView.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Writes a frame.
    func write(_ frame: String) throws(StandardOutput.WriteError) { try StandardOutput.write(frame) }

    /// Reads the bytes of keys that have arrived; nil if the terminal is closed.
    func readKeys() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = retryingInterrupts { read(STDIN_FILENO, &bytes, bytes.count) }
        guard count > 0 else { return count < 0 && errno == EAGAIN ? [] : nil }
        return Array(bytes.prefix(count))
    }

    /// Restores the terminal, stops the process as Ctrl-Z does, and begins the screen again when it continues.
    func suspend() {
        leave()
        signal(SIGTSTP, SIG_DFL)
        // The default action stops all threads. A group without a shell to continue it is not stopped.
        raise(SIGTSTP)
        SessionSignals.handle(SIGTSTP)
        enter()
    }

    /// Ends the program at once, after restoring the terminal as far as that does not block. Allowed in a signal handler.
    static func abandon() -> Never {
        TerminalRestoration.restore(mayBlock: false)
        _exit(ExitStatus.success.rawValue)
    }

    /// Sets the mode again, which a shell may have changed while the process was stopped.
    func resume() { TerminalRestoration.begin(hasKeys: hasKeys) }
}

/// The restoration of the terminal, which is also called by signal handlers and at exit.
private enum TerminalRestoration {
    private static let isActive = Atomic<Bool>(false)
    /// Written before ``isActive`` is true, and read only while it is: the atomic variable protects it.
    nonisolated(unsafe) private static var former = termios()
    nonisolated(unsafe) private static var hasFormer = false
    /// The bytes of ``TerminalFrame/end``, because a signal handler must not allocate. Written once, before any handler is set.
    nonisolated(unsafe) private static var end = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    private static let fatalSignals = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP]

    /// Sets the handlers.
    static func prepare() {
        guard end.baseAddress == nil else { return }
        let text = Array(TerminalFrame.end.utf8)
        end = .allocate(byteCount: text.count, alignment: 1)
        end.copyBytes(from: text)
        atexit { TerminalRestoration.restore() }
        for number in fatalSignals {
            signal(number) { number in
                TerminalRestoration.restore()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Sets the mode in which each key arrives at once and is not shown. Ctrl-C and Ctrl-Z stay signals.
    static func begin(hasKeys: Bool) {
        if hasKeys, !isActive.load(ordering: .acquiring) { hasFormer = tcgetattr(STDIN_FILENO, &former) == 0 }
        isActive.store(true, ordering: .releasing)
        guard hasKeys, hasFormer else { return }
        var mode = former
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        mode.c_iflag &= ~tcflag_t(IXON)
        withUnsafeMutableBytes(of: &mode.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        tcsetattr(STDIN_FILENO, TCSANOW, &mode)
    }

    /// Restores the former mode and the usual screen, unless that was done. Allowed in a signal handler.
    ///
    /// - Parameter mayBlock: false to leave out what a terminal that takes no output would block.
    static func restore(mayBlock: Bool = true) {
        guard isActive.exchange(false, ordering: .acquiringAndReleasing) else { return }
        var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        if mayBlock || poll(&output, 1, 0) > 0 { _ = Glibc.write(STDOUT_FILENO, end.baseAddress, end.count) }
        if hasFormer { tcsetattr(STDIN_FILENO, TCSANOW, &former) }
    }
}
