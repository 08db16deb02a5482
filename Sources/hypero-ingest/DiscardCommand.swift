import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoSchema

struct DiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Remove dead letters, whose events are then lost.",
        usage: """
            hypero-ingest discard [<options>] <id> ...
            hypero-ingest discard [<options>] --all
            """,
        discussion: """
            hypero-query dead lists the dead letters with their ids and reasons. Discard those that no correction can make \
            right, so that hypero-query status reports only new ones. hypero-ingest requeue sends dead letters again instead.

            On a terminal the command asks before it removes them. Elsewhere it needs --yes. Dead letters that come after the \
            question stay.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest discard 1763899200000-0 1763899200000-1
              hypero-ingest discard --all --yes

            EXIT STATUS:
              0   all selected dead letters were removed
              1   a dead letter was not found or not removed, the answer was not yes, or
                  Redis refused
              64  the command line is invalid, or --yes is missing without a terminal
            """)

    @Argument(help: ArgumentHelp("The ids of dead letters.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "Discard all dead letters.")
    var all = false

    @Flag(help: "Discard without asking.")
    var yes = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Discard only dead letters of this partition, counted from 0.", valueName: "i"))
    var partition: Int?

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard !all || ids.isEmpty else {
            throw ValidationError("ids and --all must not be combined. Give one of them.")
        }
        do {
            _ = try Requeue(try deployment.settings(), partition: partition)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        guard all || !ids.isEmpty else {
            throw MissingArgument("no dead letters selected. Give --all, or ids as listed by hypero-query dead")
        }
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        let requeue = try Requeue(try deployment.settings(), partition: partition)
        let found: Requeue.Found
        do {
            found = try requeue.find(all ? .all : .ids(ids))
            if found.count > 0 { try confirm(found.count) }
            let count = try requeue.discard(found)
            StandardStream.output.write("\(Self.counted(count)) discarded\n")
        } catch let error as RequeueError {
            printError(error.message)
            throw ExitCode.failure
        }
        for id in found.unknown { printError(RequeueError.message(ofUnknown: id)) }
        for key in found.others {
            printError(RequeueError.message(ofOthersIn: key, outcome: "not discarded"))
        }
        guard found.unknown.isEmpty, found.others.isEmpty else { throw ExitCode.failure }
    }

    /// Asks on the terminal unless `--yes` is given. Ends the command if the answer is not yes.
    private func confirm(_ count: Int) throws {
        let question = "Discard \(Self.counted(count))? \(count == 1 ? "Its event is" : "Their events are") lost."
        try Confirmation.ask(question, isGiven: yes, verb: "discard", outcome: "nothing was discarded")
    }

    private static func counted(_ number: Int) -> String {
        number == 1 ? "1 dead letter" : "\(number) dead letters"
    }
}
