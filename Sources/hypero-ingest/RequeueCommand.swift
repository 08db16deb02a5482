import ArgumentParser
import Foundation
import HyperoIngest
import HyperoSchema

struct RequeueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue",
        abstract: "Send dead letters to the events again, mended or as they are.",
        discussion: """
            hypero-query dead lists them with their ids. A letter is sent and taken from the dead ones in one step, so \
            that it comes once, also when several do this at the same time. It goes without its producer and number, \
            which were used up, and keeps its time. What cannot be applied this time either is a dead letter anew.

            EXAMPLES
              hypero-ingest requeue --all
              hypero-ingest requeue 1763899200000-0 1763899200000-1
              hypero-ingest requeue 1763899200000-0 --set epoch=17 --remove comment
            """)

    @Argument(help: ArgumentHelp("Ids of dead letters.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "All dead letters there are.")
    var all = false

    @Option(help: ArgumentHelp("A field to set or to add; may be given again.", valueName: "field=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("A field to take away; may be given again.", valueName: "field"))
    var remove: [String] = []

    @Option(help: ArgumentHelp("Only letters of this partition, counted from 0.", valueName: "i"))
    var partition: Int?

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard all != !ids.isEmpty else {
            throw ValidationError(
                all ? "give ids or --all, not both" : "say which: ids, as hypero-query dead lists them, or --all")
        }
        _ = try mending()
        do {
            _ = try Requeue(try deployment.settings(), partition: partition)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let requeue = try Requeue(try deployment.settings(), partition: partition)
        let report: Requeue.Report
        do {
            report = try requeue.run(all ? .all : .ids(ids), applying: try mending())
        } catch let error as RequeueError {
            complain(error.message)
            throw ExitCode.failure
        }
        let isTold = tell(
            report.sent == 1 ? "1 dead letter is sent again" : "\(report.sent) dead letters are sent again")
        for id in report.unknown {
            complain(
                "there is no dead letter \(id): "
                    + (id.contains("-") ? "" : "an id is two numbers with a - between them; ")
                    + "hypero-query dead lists them")
        }
        for rejection in report.rejections.prefix(20) { complain(rejection.message) }
        if report.rejections.count > 20 { complain("and \(report.rejections.count - 20) more of that kind") }
        guard isTold, report.unknown.isEmpty, report.rejections.isEmpty else { throw ExitCode.failure }
    }

    /// Says what came of it, on standard output.
    ///
    /// - Returns: whether that could be written; if not, it is said why.
    private func tell(_ line: String) -> Bool {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
            return true
        } catch {
            complain("\(line), but that cannot be written to standard output: \(error.localizedDescription)")
            return false
        }
    }

    private func mending() throws -> DeadLetterEdit {
        var mending = DeadLetterEdit()
        for text in set {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("--set '\(text)' is not understood: write --set field=value")
            }
            let field = String(text[..<equals])
            guard !mending.set.contains(where: { $0.field == field }) else {
                throw ValidationError("--set \(field) is given twice: a letter has each field once")
            }
            guard !DeadLetterEdit.isReserved(field) else {
                throw ValidationError(
                    "--set \(field) cannot be: a letter goes without its producer and number, and what the ingest wrote to "
                        + "it stays behind; to send an entry under a number, XADD it")
            }
            mending.set.append((field, String(text[text.index(after: equals)...])))
        }
        mending.removed = remove
        return mending
    }
}
