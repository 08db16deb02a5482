import Glibc
import HyperoQuery

/// Where answers go.
enum StandardOutput {
    /// The answer could not be written, as to a full disk.
    struct Failure: Error {
        let description: String
    }

    /// Writes all of it. A reader who has closed the pipe ends the program, quietly.
    static func write(_ text: String) throws(Failure) {
        let failure = writeAll(text, to: STDOUT_FILENO)
        if failure == EPIPE { ExitStatus.done.leave() }
        guard failure == 0 else {
            throw Failure(description: "cannot write the answer: \(String(cString: strerror(failure)))")
        }
    }
}

/// A message, on standard error.
func complain(_ message: String) {
    let display = Display(descriptor: STDERR_FILENO, color: .never)
    // Nobody is left to tell when this fails.
    _ = writeAll("hypero-query: \(display.visible(message))\n", to: STDERR_FILENO)
}

/// Writes all of the text.
///
/// - Returns: errno, or 0.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, start, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
