import ArgumentParser
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoSchema

struct RequeueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue",
        abstract: "Send dead letters to the event stream again, unchanged or edited.",
        usage: """
            hypero-ingest requeue [<options>] <id> ...
            hypero-ingest requeue [<options>] --all
            """,
        discussion: """
            hypero-query dead lists the dead letters with their ids. Sending a letter and removing it from the dead \
            letters is one transaction, so that each letter is sent once, even if several users requeue at the same time. \
            A requeued entry keeps its time: one without the field time gets that of its first id. It has no producer and \
            no seq, because the ingest would skip the old seq as a duplicate. It is applied after all entries that are already in the stream, so that it may replace a newer \
            value. An entry that cannot be applied this time either becomes a dead letter again, in its edited form. The \
            original is not kept. hypero-ingest discard removes dead letters instead. \
            --set and --remove apply to all selected dead letters. A field to remove may be missing.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest requeue --all
              hypero-ingest requeue 1763899200000-0 1763899200000-1
              hypero-ingest requeue 1763899200000-0 --set epoch=17 --remove comment

            EXIT STATUS:
              0   all selected dead letters were requeued
              1   a dead letter was not found or not requeued, or Redis refused
              64  the command line is invalid
            """)

    @OptionGroup var selection: DeadLetterSelection

    @Option(help: ArgumentHelp("A field to set or add; may be repeated.", valueName: "field=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("A field to remove; may be repeated.", valueName: "field"))
    var remove: [String] = []

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        _ = try edit()
        try selection.validate(with: deployment)
    }

    func run() throws {
        let report = try selection.with(deployment) { requeue, selected in
            try requeue.run(selected, applying: try edit())
        }
        let isPrinted = DeadLetterSelection.printResult(report.sent, "requeued")
        for id in report.unknown { printError(RequeueError.message(ofUnknown: id)) }
        for rejection in report.rejections.prefix(Self.maxPrintedRejections) { printError(rejection.message) }
        let omitted = report.rejections.count - Self.maxPrintedRejections
        if omitted > 0 { printError("\(omitted) more dead letters could not be sent, for similar reasons") }
        for key in report.others { printError(RequeueError.message(ofOthersIn: key, outcome: "not requeued")) }
        guard isPrinted, report.unknown.isEmpty, report.rejections.isEmpty, report.others.isEmpty else {
            throw ExitCode.failure
        }
    }

    private static let maxPrintedRejections = 20

    /// Returns the changes of `--set` and `--remove`.
    private func edit() throws -> DeadLetterEdit {
        var edit = DeadLetterEdit()
        for text in set {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("--set must be field=value, not '\(text)'.")
            }
            let field = String(text[..<equals])
            guard !edit.set.contains(where: { $0.field == field }) else {
                throw ValidationError("--set \(field) is given twice, but an entry has each field once.")
            }
            guard !DeadLetterEdit.isReserved(field) else {
                throw ValidationError(
                    "--set \(field) is not allowed: requeued entries carry no producer or seq, and dead.* fields are "
                        + "removed. To send an entry with its own seq, use XADD.")
            }
            edit.set.append((field, String(text[text.index(after: equals)...])))
        }
        edit.removed = remove
        return edit
    }
}
