import Glibc
import HyperoQuery

/// The stream of results.
enum StandardOutput {
    /// A failed write, for example to a full disk.
    struct WriteError: Error {
        let description: String
    }

    /// Writes the whole text. Ends the program without an error if the reader has closed the pipe.
    static func write(_ text: String) throws(WriteError) {
        try finish(writeAll(text, to: STDOUT_FILENO))
    }

    /// Writes all bytes, as ``write(_:)`` writes a text.
    static func write(_ bytes: UnsafeRawBufferPointer) throws(WriteError) {
        try finish(writeAll(bytes, to: STDOUT_FILENO))
    }

    /// Handles errno of a write; 0 for none.
    private static func finish(_ error: Int32) throws(WriteError) {
        if error == EPIPE { ExitStatus.success.exit() }
        guard error == 0 else {
            throw WriteError(description: "cannot write to standard output: \(String(cString: strerror(error)))")
        }
    }
}

/// Prints a message on standard error, after the name of the program, with unsafe characters escaped.
func printError(_ message: String) {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { escapedText(String($0)) }
    // A failure is ignored, because no other stream is left to report it on.
    _ = writeAll("hypero-query: \(lines.joined(separator: "\n"))\n", to: STDERR_FILENO)
}

/// Prints the first warnings on standard error, and the number of the others.
func printWarnings(_ warnings: [String], limit: Int = 10) {
    for warning in warnings.prefix(limit) { printError(warning) }
    if warnings.count > limit { printError("and \(warnings.count - limit) more warnings") }
}

/// Writes the whole text.
///
/// - Returns: 0, or errno of the write that failed.
func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Writes all bytes.
///
/// - Returns: 0, or errno of the write that failed.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
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
