import ArgumentParser
import Glibc
import HyperoCore
import HyperoQuery

/// The root command: configuration only.
@main
struct HyperoQueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-query",
        abstract: "Look at the experiments that hypero has in Redis.",
        discussion: """
            EXAMPLES:
              hypero-query batteries
              hypero-query rank "RNN Visual Attention" --limit 3 --columns lr,max.test
              hypero-query rank digits --format json | jq .params
              hypero-query show k3v9x2
              hypero-query status
              hypero-query dead
              hypero-query --version

            \(ExitStatus.help)
            """,
        subcommands: [BatteriesCommand.self, RankCommand.self, ShowCommand.self, StatusCommand.self, DeadCommand.self])

    static let _errorLabel = "hypero-query"

    static func main() {
        // A reader that has enough closes the pipe: then write says EPIPE, which is a quiet end.
        signal(SIGPIPE, SIG_IGN)
        do {
            if HyperoVersion.isRequested { return try StandardOutput.write(HyperoVersion.current + "\n") }
            var command = try namedCommand() ?? parseAsRoot()
            try command.run()
        } catch let error as QueryError {
            complain(error.description)
            ExitStatus(error.code).leave()
        } catch let error as StandardOutput.Failure {
            complain(error.description)
            ExitStatus.failed.leave()
        } catch {
            exit(withError: error)
        }
    }

    /// The command that the first argument names, when it understands all the others.
    ///
    /// Parsed alone, without the tree of commands, it starts with a seventh less work. `_superCommandName`, which the
    /// library has for programs like this one that are installed one by one, keeps it from looking for completion
    /// scripts. Whatever else there is to say, as help and errors, is left to the whole program, and said in its name.
    private static func namedCommand() -> (any ParsableCommand)? {
        let arguments = CommandLine.arguments.dropFirst()
        guard let named = configuration.subcommands.first(where: { $0._commandName == arguments.first }),
            let command = try? named.parseAsRoot(Array(arguments.dropFirst())), type(of: command) == named
        else { return nil }
        return command
    }
}
