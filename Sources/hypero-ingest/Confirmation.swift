import ArgumentParser
import Glibc
import HyperoCore

/// The question before a command removes something.
enum Confirmation {
    /// Asks on the terminal, and ends the command if the answer is not yes.
    ///
    /// - Parameters:
    ///   - question: the question, with what is removed.
    ///   - isGiven: true if the command line has `--yes`, so that the command does not ask.
    ///   - verb: what the command does, such as `delete`.
    ///   - outcome: the message after any other answer than yes.
    /// - Throws: the exit code.
    static func ask(_ question: String, isGiven: Bool, verb: String, outcome: String) throws {
        try requireTerminal(isGiven: isGiven, verb: verb)
        guard !isGiven else { return }
        try printText("\(question) [y/N] ")
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            printError(outcome)
            throw ExitCode.failure
        }
    }

    /// Ends a command that would have to ask and cannot.
    static func requireTerminal(isGiven: Bool, verb: String) throws {
        guard !isGiven, isatty(STDIN_FILENO) != 1 else { return }
        printError("cannot ask: standard input is not a terminal. Give --yes to \(verb) without asking")
        throw ExitCode.validationFailure
    }
}
