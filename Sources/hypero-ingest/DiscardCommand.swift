import ArgumentParser
import HyperoCommandLine
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

    @OptionGroup var selection: DeadLetterSelection

    @Flag(help: "Discard without asking.")
    var yes = false

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        try selection.validate(with: deployment)
    }

    func run() throws {
        let (found, count) = try selection.with(deployment) { requeue, selected in
            let found = try requeue.find(selected)
            if found.count > 0 { try confirm(found.count) }
            return (found, try requeue.discard(found))
        }
        let isPrinted = DeadLetterSelection.printResult(count, "discarded")
        for id in found.unknown { printError(RequeueError.message(ofUnknown: id)) }
        for key in found.others {
            printError(RequeueError.message(ofOthersIn: key, outcome: "not discarded"))
        }
        guard isPrinted, found.unknown.isEmpty, found.others.isEmpty else { throw ExitCode.failure }
    }

    /// Asks on the terminal unless `--yes` is given. Ends the command if the answer is not yes.
    private func confirm(_ count: Int) throws {
        let loss = count == 1 ? "Its event is lost." : "Their events are lost."
        try Confirmation.ask(
            "Discard \(DeadLetterSelection.counted(count))? \(loss)", isGiven: yes, verb: "discard",
            outcome: "nothing was discarded")
    }
}
