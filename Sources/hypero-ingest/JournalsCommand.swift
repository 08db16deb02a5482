import ArgumentParser
import Glibc
import Hypero
import HyperoCommandLine
import HyperoCore
import HyperoQuery

struct JournalsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journals",
        abstract: "List the journals of trainings on this host, without changing them.",
        usage: "hypero-ingest journals [<options>]",
        discussion: """
            Needs no Redis. Takes no lock, so that trainings and adopt are not disturbed. Lists the journals of this user, for \
            root those of all users.

            THE TABLE, one row per journal:
              journal       the producer, which is the name of the folder
              state         in_use: a process holds its lock. orphaned: no process uses it,
                            adopt sends it. maybe_in_use: no process is seen to use it, but
                            it has changed in the last 15 seconds. other_host: written on
                            another host. unreadable: see problems
              pid           the process that holds the lock
              events        events in the files, sent ones too
              unsent        events that Redis has not acknowledged
              oldest        the age of the oldest unsent event
              bytes         on the disk
              changed       the age of the latest change. A living training makes one every
                            five seconds
              partition     the hash tag of the keys that the events are for
              server        the Redis server that they are for
              user          the id of the user
              problems      damaged records, and files that cannot be read

            Most journals of a busy node have nothing unsent, because their trainings live. --unsent leaves them out.

            JSON and CSV have the times in Unix milliseconds, and more fields. prometheus has sums by state, for the textfile \
            collector of node_exporter.

            EXAMPLES, with the journals of Scripts/demo:
              hypero-ingest journals --journal .demo/journal
              hypero-ingest journals --journal .demo/journal --format json
              hypero-ingest journals --journal .demo/journal --unsent
              hypero-ingest journals --journal .demo/journal --format prometheus

            EXIT STATUS:
              0   the journals are listed, also those that cannot be read
              1   the folder was not found, or the file could not be written
              64  the command line is invalid
            """)

    @OptionGroup var folder: JournalOptions

    @Flag(help: "List only journals with unsent events or problems. Metrics have all of them.")
    var unsent = false

    @Option(help: "The form: table for people, json (one object per line), csv and prometheus for programs.")
    var format = Format.table

    @Option(
        help: ArgumentHelp(
            "Write this file instead of standard output (-), as a whole or not at all.", valueName: "file"))
    var output = "-"

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, json, csv, prometheus
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let survey: JournalSurvey
        do {
            survey = try JournalSurvey(of: JournalRoot(existing: folder.journal))
        } catch {
            printError(AdoptCommand.advice(for: error))
            throw ExitCode.failure
        }
        reportOthers(survey)
        try write(text(of: survey))
    }

    /// Prints the entries that are not listed.
    private func reportOthers(_ survey: JournalSurvey) {
        // Metrics have their numbers, and cron would send these lines every minute.
        guard format != .prometheus else { return }
        if survey.otherUserJournals > 0 {
            let journals = AdoptCommand.counted(survey.otherUserJournals, of: "journal")
            printError("\(journals) of other users not listed. To list them, run this command as each user")
        }
        if survey.otherEntryCount > 0 {
            let more = survey.otherEntryCount - survey.otherEntries.count
            printError(
                "ignored, because the names are not those of journals: \(survey.otherEntries.joined(separator: ", "))"
                    + (more > 0 ? " and \(more) more" : ""))
        }
    }

    private func text(of survey: JournalSurvey) -> String {
        let display = output == "-" ? Display(descriptor: STDOUT_FILENO, color: .auto) : Display()
        func text(_ format: OutputFormat) -> String {
            survey.listing(onlyUnsent: unsent).text(
                as: format, for: display,
                advice: [.hiddenColumns: "Widen the terminal, or use --format json"])
        }
        return switch format {
        case .table: text(.table)
        case .json: text(.json)
        case .csv: text(.csv)
        case .prometheus: survey.metrics()
        }
    }

    private func write(_ text: String) throws {
        if output == "-" {
            let error = StandardStream.output.write(text)
            guard error == 0 || error == EPIPE else {
                printError("cannot write to standard output: \(String(cString: strerror(error)))")
                throw ExitCode.failure
            }
            return
        }
        do {
            try OutputFile.write(text, to: output)
        } catch {
            printError(error.description)
            throw ExitCode.failure
        }
    }
}
