import ArgumentParser
import Glibc
import HyperoCore

/// Prints a line on standard output. Ends the command with an error if it cannot be written. Without a reader, the command goes on.
///
/// - Throws: the exit code.
func printLine(_ line: String) throws { try printText(line + "\n") }

/// Prints a text on standard output, as ``printLine(_:)`` prints a line.
func printText(_ text: String) throws {
    let code = StandardStream.output.write(text)
    guard code != 0, code != EPIPE else { return }
    printError("cannot write to standard output: \(String(cString: strerror(code)))")
    throw ExitCode.failure
}
