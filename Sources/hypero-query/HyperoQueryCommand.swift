import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The root command: configuration only.
@main
struct HyperoQueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-query",
        abstract: "Rank and inspect the experiments that hypero keeps in Redis.",
        discussion: """
            EXAMPLES:
              hypero-query batteries
              hypero-query rank "digits mlp" --limit 3 --columns lr,test
              hypero-query rank "digits mlp" --format json | jq .params
              hypero-query experiments "digits mlp" --status failed
              hypero-query rank "digits mlp" --where "lr < 0.05 and depth >= 2"
              hypero-query importance "digits mlp"
              hypero-query search "digits mlp"
              hypero-query explain s3f09c1aa-41
              hypero-query export "digits mlp" > digits.csv
              hypero-query report "digits mlp"
              hypero-query curves --top 5 "digits mlp"
              hypero-query compare --top 3 "digits mlp"
              hypero-query watch "digits mlp" --for 2s
              hypero-query status
              hypero-query dead
              hypero-query verify
              hypero-query --format json rank "digits mlp"
              hypero-query --version

            --redis, --namespace, --partitions, --format and --color may precede the \
            subcommand.

            EXIT STATUS:
            \(ExitStatus.help)
            """,
        subcommands: subcommands)

    static let subcommands: [any ParsableCommand.Type] = [
        BatteriesCommand.self, VersionsCommand.self, RankCommand.self, ExperimentsCommand.self, ShowCommand.self,
        CurvesCommand.self, CompareCommand.self, ColumnsCommand.self, ImportanceCommand.self, SearchCommand.self,
        ExplainCommand.self, ExportCommand.self, ReportCommand.self,
        WatchCommand.self, StatusCommand.self, DeadCommand.self, VerifyCommand.self,
        CompletionsCommand.self, CompleteCommand.self,
    ]

    static func main() {
        // With SIGPIPE ignored, a write to a closed pipe fails with EPIPE.
        signal(SIGPIPE, SIG_IGN)
        var store: StoreOptions?
        var filtering: (any FilterCommand)?
        do {
            guard Program.query.start() else { return }
            // --color never --version
            guard arguments != ["--version"] else {
                _ = writeAll(HyperoVersion.current + "\n", to: STDOUT_FILENO)
                return
            }
            if arguments.first == "rank", let rank = PlainRank(arguments.dropFirst()) {
                store = rank.store
                try rank.run()
            } else {
                var command = try parseSubcommand() ?? parseAsRoot(arguments)
                if let command = command as? any ServerCommand {
                    store = command.store
                    filtering = command as? any FilterCommand
                    try command.checkRequirements()
                }
                try command.run()
            }
            if StoreOptions.hasLeftOut { ExitStatus.attention.exit() }
        } catch let error as FilterError {
            filtering?.printFilterError(error)
            ExitStatus.usage.exit()
        } catch let error as QueryError {
            printWarnings(error.warnings)
            if case .invalidFilter(let error) = error.code, let filtering {
                filtering.printFilterError(error)
                ExitStatus.usage.exit()
            }
            printError(error.message(for: store))
            ExitStatus(error.category).exit()
        } catch let error as StandardOutput.WriteError {
            printError(error.description)
            ExitStatus.failure.exit()
        } catch {
            Program.query.exit(after: error, of: Self.self, advice: UsageAdvice.sentence(for:))
        }
    }

    /// The arguments after the name of the program, with the name of the subcommand first.
    static let arguments = LeadingOptions.moved(Array(CommandLine.arguments.dropFirst())) { name in
        subcommands.first { $0.configuration.commandName == name }.map { $0 is any ServerCommand.Type }
    }

    /// Parses the subcommand that the first argument names, without the tree of commands.
    ///
    /// This saves the instructions of the tree, which every start would need.
    ///
    /// - Returns: the command; nil unless the arguments are a valid command line of a subcommand. The root command then
    ///   parses the arguments, so that help, completion scripts and errors name the whole program.
    private static func parseSubcommand() -> (any ParsableCommand)? {
        guard let type = subcommands.first(where: { $0.configuration.commandName == arguments.first }),
            let command = try? type.parseAsRoot(Array(arguments.dropFirst())), Swift.type(of: command) == type
        else { return nil }
        return command
    }
}

/// A command that reads a store, as all subcommands do.
protocol ServerCommand: ParsableCommand {
    var store: StoreOptions { get }

    /// Checks the options that need another one, before the command runs.
    func checkRequirements() throws
}

/// A command whose result is a table, JSON or CSV.
protocol StoreCommand: ServerCommand {
    var output: OutputOptions { get }
}

extension StoreCommand {
    func checkRequirements() throws { try output.checkRequirements() }
}

extension Program {
    static let query = Program("hypero-query")
}
