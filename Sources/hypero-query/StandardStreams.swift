import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The stream of results.
enum StandardOutput {
    typealias WriteError = OutputFile.WriteError

    /// Writes the whole text. Ends the program without an error if the reader has closed the pipe.
    static func write(_ text: String) throws(WriteError) {
        try finish(writeAll(text, to: STDOUT_FILENO))
    }

    /// Writes all bytes, as ``write(_:)`` writes a text.
    static func write(_ bytes: UnsafeRawBufferPointer) throws(WriteError) {
        try finish(writeAll(bytes, to: STDOUT_FILENO))
    }

    /// Handles errno of a write; 0 for none.
    static func finish(_ error: Int32) throws(WriteError) {
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

extension OutputFile {
    /// Writes a text to a file, or to standard output for `-`.
    static func write(_ text: String, toFileOrStream path: String) throws(WriteError) {
        if path == "-" { try StandardOutput.write(text) } else { try write(text, to: path) }
    }
}
