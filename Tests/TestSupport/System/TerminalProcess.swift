import Glibc

/// A program on a pseudo-terminal of its own, of which it is the session leader.
///
///     let program = try TerminalProcess("hypero-query", ["watch", "digits"], columns: 80, rows: 24)
///     #expect(eventually { program.frame.contains("digits") })
///     program.type("q")
///     #expect(program.process.wait() == .exited(0))
///
/// Used by one thread. The program writes into a buffer of the kernel until the test reads ``output``.
package final class TerminalProcess {
    package let process: ChildProcess
    private let primary: Int32
    /// Kept open, so that the mode can be read after the program's end.
    private let secondary: Int32
    private var received: [UInt8] = []
    /// The mode of the terminal before the start of the program, which may change it before a test reads ``mode``.
    package let initialMode: [UInt32]

    /// TIOCSPTLCK and TIOCGPTN, which Swift does not import.
    private static let lock: UInt = 0x4004_5431
    private static let number: UInt = 0x8004_5430

    /// Starts a program, see ``ChildProcess/init(_:_:environment:terminal:)``. It has no colours.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], columns: Int = 80,
        rows: Int = 24
    ) throws {
        // posix_openpt, unlockpt and ptsname need _XOPEN_SOURCE, which Swift's Glibc module is built without.
        primary = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        var (unlocked, number): (Int32, Int32) = (0, 0)
        guard primary >= 0, ioctl(primary, Self.lock, &unlocked) == 0, ioctl(primary, Self.number, &number) == 0 else {
            throw TestFailure(systemCall: "/dev/ptmx", code: errno)
        }
        let path = "/dev/pts/\(number)"
        secondary = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        Self.resize(primary, columns: columns, rows: rows)
        initialMode = Self.mode(of: secondary)
        var variables = ["TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1"]
        variables.merge(environment) { $1 }
        process = try ChildProcess(executable, arguments, environment: variables, terminal: path)
    }

    deinit {
        process.kill()
        close(primary)
        close(secondary)
    }

    /// Everything that the program has written so far.
    package var output: String {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(primary, &buffer, buffer.count)
            guard count > 0 else { break }
            received += buffer[..<count]
        }
        return String(decoding: received, as: UTF8.self)
    }

    /// The lines of the last complete frame; empty before the first one.
    package var lines: [String] {
        let parts = output.split(separator: "\u{1B}[?2026h\u{1B}[H", omittingEmptySubsequences: false).dropFirst()
        let frame = parts.last { $0.contains("\u{1B}[?2026l") }.map(String.init) ?? ""
        let end = frame.split(separator: "\u{1B}[J", omittingEmptySubsequences: false).first ?? ""
        return end.split(separator: "\r\n", omittingEmptySubsequences: false).map {
            $0.hasSuffix("\u{1B}[K") ? String($0.dropLast(3)) : String($0)
        }
    }

    /// The text of the last complete frame.
    package var frame: String { lines.joined(separator: "\n") }

    /// The number of frames that were written.
    package var frameCount: Int { count(of: "\u{1B}[?2026l") }

    /// Returns how often the program has written a text.
    package func count(of text: String) -> Int {
        output.split(separator: text, omittingEmptySubsequences: false).count - 1
    }

    /// The number of bytes that the program has written and that ``output`` has not read, as far as they fit into the last buffer of
    /// the kernel, which has 4 KiB.
    package var unreadCount: Int {
        var count: Int32 = 0
        _ = ioctl(primary, UInt(FIONREAD), &count)
        return Int(count)
    }

    /// Sends keys.
    package func type(_ text: String) {
        var text = text
        _ = text.withUTF8 { write(primary, $0.baseAddress, $0.count) }
    }

    /// Changes the size of the terminal, of which the program gets SIGWINCH.
    package func resize(columns: Int, rows: Int) { Self.resize(primary, columns: columns, rows: rows) }

    private static func resize(_ descriptor: Int32, columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
    }

    /// The flags of the terminal's mode: input, output, control and local ones.
    package var mode: [UInt32] { Self.mode(of: secondary) }

    private static func mode(of terminal: Int32) -> [UInt32] {
        var mode = termios()
        tcgetattr(terminal, &mode)
        return [mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag]
    }

    /// True if each key arrives at once and is not shown.
    package var isRaw: Bool { mode[3] & UInt32(ICANON | ECHO) == 0 }
}
