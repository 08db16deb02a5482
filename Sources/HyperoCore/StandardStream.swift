import Glibc

/// Standard output or standard error, written without a buffer, so that no text is lost when the process is killed.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes a text.
    ///
    /// - Returns: 0, or the errno of `write(2)`: for example EPIPE if the reader has closed the pipe, ENOSPC if the disk is
    ///   full.
    @discardableResult
    package func write(_ text: String) -> Int32 { writeAll(text, to: rawValue) }

    /// The width of the terminal in characters: 80 if the terminal does not report its width, nil if the stream is not a
    /// terminal that can move its cursor.
    package var terminalColumns: Int? {
        guard isatty(rawValue) == 1, ProcessEnvironment.value(of: "TERM") != "dumb" else { return nil }
        var size = winsize()
        guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

/// Writes the whole text.
///
/// - Returns: 0, or errno of the write that failed.
package func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Writes all bytes. Waits for room if the descriptor does not block.
///
/// - Returns: 0, or errno of the write that failed.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var remaining = bytes
    while let start = remaining.baseAddress, !remaining.isEmpty {
        let count = Glibc.write(descriptor, start, remaining.count)
        if count >= 0 {
            remaining = UnsafeRawBufferPointer(rebasing: remaining.dropFirst(count))
        } else if errno == EAGAIN {
            // Another program has set O_NONBLOCK on the same terminal or pipe.
            var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&output, 1, -1) < 0, errno != EINTR { return errno }
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}
