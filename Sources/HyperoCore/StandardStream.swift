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
    package func write(_ text: String) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            var remaining = UnsafeRawBufferPointer(bytes)
            while let start = remaining.baseAddress, !remaining.isEmpty {
                let count = retryingInterrupts { Glibc.write(rawValue, start, remaining.count) }
                guard count >= 0 else { return errno }
                remaining = UnsafeRawBufferPointer(rebasing: remaining.dropFirst(count))
            }
            return 0
        }
    }

    /// The width of the terminal in characters: 80 if the terminal does not report its width, nil if the stream is not a
    /// terminal that can move its cursor.
    package var terminalColumns: Int? {
        guard isatty(rawValue) == 1, ProcessEnvironment.value(of: "TERM") != "dumb" else { return nil }
        var size = winsize()
        guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
