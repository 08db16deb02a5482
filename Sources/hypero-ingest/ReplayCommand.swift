import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoSchema
import Logging
import UnixSignals

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Apply the entries of archive files to an empty server.",
        usage: "hypero-ingest replay [<options>] <file> ...",
        discussion: """
            Writes the entries that hypero-ingest --archive has archived, with their ids, and applies them. Commands of operators are \
            carried out between the same entries as before. The result is that of the server that was archived, if the archive is \
            complete.

            No ingest may run meanwhile, and no training may write. The server must be empty; with --force, entries that are newer \
            than its last one are added: after a backup was restored, and to continue a replay that was ended. The last entry of the \
            server must be one of the files, or older than all, and so must the last command that it has carried out.

            A damaged record ends the replay before anything is written. With --skip-damaged, what follows it is applied, and each \
            hole is named with the ids and the number of the entries that are missing. A file whose first line is damaged must be \
            left out.

            EXAMPLES, with another Redis server:
              hypero-ingest replay --redis redis://new:6379 archive/hypero[.@]*
              hypero-ingest replay --redis redis://new:6379 --force archive/*

            EXIT STATUS:
              0   all entries of the files are applied
              1   not all: a file is damaged, the server is not empty, another client has
                  written to it, a signal, or Redis refused
              2   all entries of the files are applied, and the archive lacks others, or
                  has no file of a partition
              64  the command line is invalid
            """)

    @Argument(help: ArgumentHelp("The archive files, in any order.", valueName: "file"))
    var files: [String]

    @Flag(help: "Add entries to a server that is not empty.")
    var force = false

    @Flag(help: "Pass over damaged records, and name them.")
    var skipDamaged = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The number of applied entries to keep in each stream for inspection.", valueName: "n"))
    var retain = 10_000

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard retain >= 0 else {
            throw ValidationError("--retain must be at least 0, not \(retain). For example, write --retain 10000.")
        }
    }

    func run() async throws {
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        var settings = try deployment.settings()
        settings.retain = retain
        var logger = Logger(label: "hypero-ingest", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        do {
            let replay = try Replay(settings, files: files, skipsDamage: skipDamaged, logger: logger)
            let stop = replay.stop
            let listener = Task { for await _ in signals { stop() } }
            defer { listener.cancel() }
            try replay.check(isForced: force)
            let result = try replay.run()
            // The status tells what was applied. That the summary could not be printed is on standard error.
            do { try report(result) } catch is ExitCode {}
            guard result.gaps.isEmpty else { throw ExitCode(2) }
        } catch let error as ArchiveError {
            printError(
                error.isDamage ? "\(error). Give --skip-damaged to apply what follows it too" : error.description)
            throw ExitCode.failure
        }
    }

    private func report(_ result: Replay.Summary) throws {
        for path in result.torn {
            printError(
                "the last record of \(printable(path)) is torn, as after a kill")
        }
        for gap in result.gaps { printError("not complete: \(gap)") }
        if result.isHoled {
            printError(
                "to complete it, find the missing files, and replay all files to an empty server, or to one where the backup was "
                    + "restored again: --force cannot fill a hole")
        }
        if result.requeued > 0 || result.entries > 0 && result.deadLetters > 0 { reportDeadLetters(result) }
        var skipped: [String] = []
        if result.skipped > 0 { skipped.append("\(result.skipped) that were there before") }
        if result.repeated > 0 { skipped.append("\(result.repeated) that occur in several files") }
        let text = skipped.isEmpty ? "" : ", and skipped \(skipped.joined(separator: " and "))"
        let end = result.end.map { ", up to \($0)" } ?? ""
        try printLine(
            "replayed \(result.entries) entries and \(result.commands) commands of \(files.count) files\(text)\(end)")
    }

    /// Prints the number of dead letters, of which an operator may have requeued or discarded some before.
    private func reportDeadLetters(_ result: Replay.Summary) {
        func counted(_ count: Int) -> String { "\(count) dead \(count == 1 ? "letter" : "letters")" }
        let verb = result.requeued == 1 ? "was" : "were"
        let earlier =
            result.requeued == 0
            ? "Those that were discarded before are there again."
            : "\(counted(result.requeued)) of the archive \(verb) requeued before. Such dead letters, and those that were discarded "
                + "before, are there again."
        printError(
            "the server has \(counted(result.deadLetters)). \(earlier) hypero-query dead lists them. Discard "
                + "those with hypero-ingest discard, and do not requeue them: an old value may replace a newer one")
    }
}
