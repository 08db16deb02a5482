import ArgumentParser
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The root command: configuration only.
@main
struct HyperoIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-ingest",
        abstract: "Turn the events of training processes into results that can be ranked.",
        discussion: """
            Reads the event streams of all partitions and writes the hashes and sorted sets that hypero-query reads. \
            Runs until SIGTERM or SIGINT, then finishes the current batch, releases its partitions and exits. A second \
            signal exits at once, without losing events. Several instances may run: one owns a partition, the others \
            are on standby. The default subcommand is run; hypero-ingest help run lists its options.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest
              hypero-ingest --drain && hypero-query rank "digits mlp"
              hypero-ingest adopt --journal .demo/journal
              hypero-ingest journals --journal .demo/journal
              hypero-ingest requeue --all
              hypero-ingest discard --all
              hypero-ingest delete k3v9x2mq7d-17
              hypero-ingest acl --role training
              hypero-ingest rebuild
              hypero-ingest --version
            With other servers:
              hypero-ingest --redis redis://db:6379
              hypero-ingest --redis unix:///run/redis.sock --partitions 4
              hypero-ingest replay --redis redis://new:6379 archive/*

            EXIT STATUS:
              0   one signal ended the run, or all requested work is done
              1   a second signal ended the run, a signal or a refusal of the server
                  ended a drain, or part of the work was not done
              64  the command line is invalid
            """,
        subcommands: subcommands,
        defaultSubcommand: RunCommand.self)

    static let subcommands: [any ParsableCommand.Type] = [
        RunCommand.self, AdoptCommand.self, RequeueCommand.self, DiscardCommand.self, DeleteCommand.self,
        RebuildCommand.self, ReplayCommand.self, JournalsCommand.self, AclCommand.self,
    ]

    static func main() async {
        do {
            guard Program.ingest.start() else { return }
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            Program.ingest.exit(after: error, of: Self.self, advice: usageAdvice(for:))
        }
    }
}

extension HyperoIngestCommand {
    /// Returns advice for the parser's message about a word that is no subcommand: the nearest one, and all of them.
    ///
    /// - Returns: nil for any other message.
    private static func usageAdvice(for message: String) -> String? {
        let names = subcommands.compactMap { $0.configuration.commandName }
        guard message.contains("nexpected argument"), let word = CommandLine.arguments.dropFirst().first,
            !names.contains(word), !word.hasPrefix("-")
        else { return nil }
        let queries = ["rank", "experiments", "show", "status", "dead", "batteries", "verify"]
        if queries.contains(word) { return "Write hypero-query \(word)" }
        let nearest = Suggestion(for: word, among: names).similar.first.map { "Did you mean \($0)? " } ?? ""
        return "\(nearest)The commands are \(names.joined(separator: ", "))"
    }
}

extension Program {
    static let ingest = Program("hypero-ingest")
}

/// Prints a message on standard error.
func printError(_ message: String) {
    Program.ingest.printError(message)
}
