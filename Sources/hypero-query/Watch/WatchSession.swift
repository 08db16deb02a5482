import Glibc
import HyperoCore
import HyperoQuery

/// The end of a session by itself.
struct SessionEnd {
    /// The time after which it ends; nil for none.
    var time: MonotonicTime?
    /// The number of lines or changes after which it ends; nil for none.
    var count: Int?
}

/// The full screen of a watched result.
///
/// The main thread runs it and owns the terminal. A thread of its own runs the feed, which owns all connections to Redis.
struct WatchSession {
    private let mailbox: WatchMailbox
    private var view: WatchView
    private let display: Display
    private let end: SessionEnd
    private var decoder = KeyDecoder()
    private var lastBytes: MonotonicTime?
    private var lastFrame: String?
    private var lastFrameTime: MonotonicTime?
    private var mustDraw = true
    private var isCursorShown = false
    /// The descriptor of signals.
    private var signals: Int32 = -1

    /// The least time between two frames without a key.
    private static let frameInterval: Duration = .milliseconds(250)
    /// The time between two looks at ages, which change without an event.
    private static let ageInterval: Duration = .seconds(1)

    init(_ mailbox: WatchMailbox, view: WatchView, display: Display, end: SessionEnd) {
        self.mailbox = mailbox
        self.view = view
        self.display = display
        self.end = end
    }

    /// Shows the screen until the user or a signal ends it.
    mutating func run() throws {
        signals = try SessionSignals.start(isScreen: true)
        let terminal = Terminal()
        view.hasKeys = terminal.keys != nil
        defer { mailbox.close() }
        while true {
            try take(in: Terminal.size)
            mailbox.request = view.request(in: Terminal.size)
            try draw()
            if let time = end.time, .now >= time { return }
            let ready = wait(for: [signals, mailbox.updatesPipe.readEnd] + [terminal.keys].compactMap(\.self))
            if ready.contains(signals), handle(SessionSignals.take(), on: terminal) { return }
            if let keys = terminal.keys, ready.contains(keys) {
                guard let bytes = terminal.readKeys() else { return }
                lastBytes = .now
                if press(decoder.decode(bytes)) { return }
            } else if decoder.isIncomplete, let lastBytes, .now >= lastBytes + decoder.pause {
                if press(decoder.finish()) { return }
            }
        }
    }

    /// Takes the messages of the feed.
    private mutating func take(in size: WatchView.Size) throws {
        for update in mailbox.take() {
            if case .failed(let error) = update { throw error }
            view.update(with: update, in: size, at: .now)
            mustDraw = true
        }
    }

    /// Returns true if a signal ends the session.
    private mutating func handle(_ signals: Set<Int32>, on terminal: borrowing Terminal) -> Bool {
        if !signals.isDisjoint(with: SessionSignals.stops) { return true }
        if signals.contains(SIGTSTP) { terminal.suspend() }
        if signals.contains(SIGCONT) { terminal.resume() }
        // Whatever was on the screen is overwritten.
        if !signals.isEmpty { redraw() }
        return false
    }

    /// Returns true if a key ends the session.
    private mutating func press(_ keys: [Key]) -> Bool {
        for key in keys where view.press(key) == .quit { return true }
        if !keys.isEmpty { redraw(isForced: false) }
        return false
    }

    /// Draws the next frame at once, also if it is equal to the last one.
    private mutating func redraw(isForced: Bool = true) {
        mustDraw = true
        lastFrameTime = nil
        if isForced { lastFrame = nil }
    }

    /// Draws a frame if something has changed and the next frame is due.
    private mutating func draw() throws {
        let now = MonotonicTime.now
        if let last = lastFrameTime {
            guard now >= last + (mustDraw ? Self.frameInterval : Self.ageInterval) else { return }
        }
        let size = Terminal.size
        let lines = view.lines(in: size, on: display, at: now, clock: WallClock.milliseconds)
        var frame = TerminalFrame.text(of: lines, cursor: view.cursorColumn)
        if view.cursorColumn == nil, isCursorShown { frame = TerminalFrame.cursorEnd + frame }
        isCursorShown = view.cursorColumn != nil
        mustDraw = false
        lastFrameTime = now
        guard frame != lastFrame else { return }
        let isWritten = try writeInParts(
            frame, to: Terminal.output, size: frame.utf8.count, signals: signals, until: end.time)
        lastFrame = isWritten ? frame : nil
    }

    /// Waits for one of some descriptors, or until the next frame.
    private func wait(for descriptors: [Int32]) -> Set<Int32> {
        let now = MonotonicTime.now
        var time = (lastFrameTime ?? now) + (mustDraw ? Self.frameInterval : Self.ageInterval)
        if decoder.isIncomplete, let lastBytes { time = min(time, lastBytes + decoder.pause) }
        if let end = end.time { time = min(time, end) }
        return waitForInput(of: descriptors, until: time)
    }
}

/// Writes a text in parts, each when the reader has room for it, so that a reader that takes no more does not keep a program from
/// ending.
///
/// - Parameters:
///   - descriptor: a pipe, a file, or a terminal that does not block: a terminal with room for one byte is ready.
///   - size: the largest part. A pipe that is ready has room for 4,096 bytes.
/// - Returns: false if a signal or the end of the session came before the whole text was written.
func writeInParts(
    _ text: String, to descriptor: Int32, size: Int, signals: Int32, until end: MonotonicTime?
) throws -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        var polled = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&polled, 2, end.map { max($0 - .now, .zero).pollMilliseconds } ?? -1)
        if count < 0, errno == EINTR { continue }
        // Without room, a signal or the time has ended the wait.
        guard polled[0].revents != 0 else { return false }
        let written = rest.prefix(size).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written < 0, errno != EAGAIN, errno != EINTR { try StandardOutput.finish(errno) }
        rest = rest.dropFirst(max(written, 0))
    }
    return true
}

/// Waits until one of some descriptors can be read, until the reader of standard output has gone, or until a time.
func waitForInput(of descriptors: [Int32], output: Int32? = nil, until time: MonotonicTime?) -> Set<Int32> {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // Errors are reported without being asked for.
    if let output { polled.append(pollfd(fd: output, events: 0, revents: 0)) }
    let remaining = time.map { max($0 - .now, .zero).pollMilliseconds } ?? -1
    guard poll(&polled, nfds_t(polled.count), remaining) > 0 else { return [] }
    return Set(polled.filter { $0.revents != 0 }.map(\.fd))
}
