import Glibc
import HyperoCore
import HyperoQuery
import Synchronization

/// The terminal of the program while it shows a screen: its mode, its size, and what is written to it.
///
/// The session owns the only instance. The terminal returns to its former mode exactly once, whether the session ends, the program
/// exits or a fatal signal ends it.
struct Terminal: ~Copyable {
    /// The descriptor of the keys; nil if the terminal sends none.
    let keys: Int32?

    /// The descriptor of the screen. A write to it does not block.
    static var output: Int32 { TerminalRestoration.output }

    /// Begins the screen. The keys come from standard input, or from the terminal of the session if standard input is none.
    init() {
        keys = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : Self.controllingTerminal()
        TerminalRestoration.prepare()
        enter()
    }

    /// Opens the terminal of the session for reading; nil if the screen is on another one. It stays open until the program ends.
    private static func controllingTerminal() -> Int32? {
        guard tcgetsid(STDOUT_FILENO) == getsid(0) else { return nil }
        let descriptor = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : nil
    }

    deinit { leave() }

    private func enter() {
        TerminalRestoration.begin(keys: keys)
        _ = writeAll(TerminalFrame.begin, to: STDOUT_FILENO)
    }

    private func leave() { TerminalRestoration.restore() }

    /// The size, 80 by 24 characters if the terminal does not report it.
    static var size: WatchView.Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return WatchView.Size(columns: 80, rows: 24)
        }
        return WatchView.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Reads the bytes of keys that have arrived; nil if the terminal is closed.
    func readKeys() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1024)
        guard let keys else { return nil }
        let count = retryingInterrupts { read(keys, &bytes, bytes.count) }
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
    func resume() { TerminalRestoration.begin(keys: keys) }
}

/// The restoration of the terminal, which is also called by signal handlers and at exit.
private enum TerminalRestoration {
    private static let isActive = Atomic<Bool>(false)
    /// Written before ``isActive`` is true, and read only while it is: the atomic variable protects it.
    nonisolated(unsafe) private static var former = termios()
    nonisolated(unsafe) private static var hasFormer = false
    /// The descriptor whose mode is set.
    nonisolated(unsafe) private static var keys: Int32 = -1
    /// The terminal of standard output, opened again so that O_NONBLOCK changes no descriptor of another program. A terminal with
    /// room for one byte is ready, and a longer write would block. Standard output if the terminal cannot be opened. Written once, before
    /// any handler is set.
    nonisolated(unsafe) fileprivate static var output = STDOUT_FILENO
    /// The bytes of ``TerminalFrame/end``, because a signal handler must not allocate. Written once, before any handler is set.
    nonisolated(unsafe) private static var end = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    private static let fatalSignals = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP]

    /// Sets the handlers.
    static func prepare() {
        guard end.baseAddress == nil else { return }
        let opened = open("/proc/self/fd/\(STDOUT_FILENO)", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        if opened >= 0 { output = opened }
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
    static func begin(keys: Int32?) {
        if let keys, !isActive.load(ordering: .acquiring) {
            self.keys = keys
            hasFormer = tcgetattr(keys, &former) == 0
        }
        isActive.store(true, ordering: .releasing)
        guard let keys, hasFormer else { return }
        var mode = former
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | IEXTEN)
        mode.c_iflag &= ~tcflag_t(IXON)
        withUnsafeMutableBytes(of: &mode.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        tcsetattr(keys, TCSANOW, &mode)
    }

    /// Restores the former mode and the usual screen, unless that was done. Allowed in a signal handler.
    ///
    /// - Parameter mayBlock: false to leave out what a terminal that takes no output would block.
    static func restore(mayBlock: Bool = true) {
        guard isActive.exchange(false, ordering: .acquiringAndReleasing) else { return }
        writeEnd(mayBlock: mayBlock)
        if hasFormer { tcsetattr(keys, TCSANOW, &former) }
    }

    private static func writeEnd(mayBlock: Bool) {
        var polled = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        // A terminal that takes no output must not keep the program from ending.
        guard poll(&polled, 1, mayBlock ? 1_000 : 0) > 0 else { return }
        var written = 0
        while let start = end.baseAddress, written < end.count {
            let count = Glibc.write(output, start + written, end.count - written)
            if count > 0 {
                written += count
            } else if count < 0, errno == EAGAIN, mayBlock {
                guard poll(&polled, 1, 1_000) > 0 else { return }
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
