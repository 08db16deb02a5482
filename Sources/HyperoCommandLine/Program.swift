package import ArgumentParser
import Glibc
import HyperoCore
import HyperoSchema

/// A command line that lacks what the command is about. Commands throw it when they run, and not in `validate()`, whose error
/// the parser prefers to that of an unknown option, which may be the cause.
package struct MissingArgument: Error {
    let message: String

    /// - Parameter message: what is missing and what to write, without a full stop.
    package init(_ message: String) {
        self.message = message
    }
}

/// One of the programs: its name, and what all programs do alike at their start and for errors.
package struct Program: Sendable {
    private let name: String

    /// - Parameter name: the name of the executable, which precedes every message.
    package init(_ name: String) {
        self.name = name
    }

    /// Opens the standard streams that are closed, and prints the version if `--version` is the only argument.
    ///
    /// - Returns: false if the version was printed and nothing remains to be done.
    package func start() -> Bool {
        openMissingStandardStreams()
        guard HyperoVersion.isRequested else { return true }
        StandardStream.output.write(HyperoVersion.current + "\n")
        return false
    }

    /// Prints a message on standard error, after the name of the program, without control characters, because the message
    /// may quote an argument.
    package func printError(_ message: String) {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            printable(String(line), limit: .max)
        }
        StandardStream.error.write("\(name): \(lines.joined(separator: "\n"))\n")
    }

    /// Returns a message in which `***` replaces the accounts of the URLs among some arguments. An argument in the wrong place
    /// is quoted in the message, and logs keep it.
    package static func hidingAccounts(
        in message: String, of arguments: [String] = CommandLine.arguments
    ) -> String {
        arguments.reduce(message) { message, argument in
            guard let start = argument.firstRange(of: "://")?.upperBound, let end = argument.lastIndex(of: "@"),
                start < end
            else { return message }
            return message.replacing("://\(argument[start..<end])@", with: "://***@")
        }
    }

    /// Ends the program after an error of parsing or of a command: with the help on standard output, or with the message on
    /// standard error after the name of the program.
    ///
    /// - Parameter advice: returns a sentence for the first line of a message, which replaces the name that the parser suggests;
    ///   nil for none.
    package func exit(
        after error: any Error, of command: any ParsableCommand.Type,
        advice: (_ message: String) -> String? = { _ in nil }
    ) -> Never {
        if let error = error as? MissingArgument {
            printError(error.message)
            Glibc.exit(ExitCode.validationFailure.rawValue)
        }
        let code = command.exitCode(for: error)
        if code == .success { exit(printing: command.fullMessage(for: error)) }
        if !(error is ExitCode) {
            let label = "Error: "
            // Without arguments, the parser adds the whole help to an error of the environment.
            let text =
                CommandLine.arguments.count > 1 ? command.fullMessage(for: error) : command.message(for: error)
            let message = Self.hidingAccounts(in: text)
            var lines = (message.hasPrefix(label) ? String(message.dropFirst(label.count)) : message)
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            if let first = lines.first.map(Self.withoutSuggestion), let advice = advice(first) {
                lines[0] = "\(first). \(advice)"
            }
            printError(lines.joined(separator: "\n"))
        }
        Glibc.exit(code.rawValue)
    }

    /// Ends the program after a help text or another result of the parser.
    ///
    /// The parser's own exit prints through a buffer of the C library, which loses the text for which a non-blocking pipe has no
    /// room.
    private func exit(printing text: String) -> Never {
        let code = text.isEmpty ? 0 : StandardStream.output.write(text + "\n")
        guard code != 0, code != EPIPE else { Glibc.exit(ExitCode.success.rawValue) }
        printError("cannot write to standard output: \(String(cString: strerror(code)))")
        Glibc.exit(ExitCode.failure.rawValue)
    }

    /// Returns a message without the name that the parser suggests, which is that of any option of similar length.
    private static func withoutSuggestion(_ message: String) -> String {
        message.firstRange(of: ". Did you mean '").map { String(message[..<$0.lowerBound]) } ?? message
    }
}
