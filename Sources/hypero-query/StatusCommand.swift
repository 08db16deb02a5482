import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoQuery

struct StatusCommand: ServerCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the backlog of the ingest, the state of Redis, and warnings.",
        usage: "hypero-query status [<options>]",
        discussion: """
            THE TABLE, one row per partition:
              partition     the hash tag of its keys
              owner         the ingest that applies its entries. none: no entry is applied.
                            no connection: it was killed or is cut off.
                            at rest: a partition of an earlier number of partitions, whose
                            entries are all applied. unknown: permission denied.
                            left out: its server does not answer
              behind        entries of the stream that are not applied yet
              dead          dead letters: entries that could not be applied. hypero-query
                            dead lists them
              missed        entries that another client removed from the stream before
                            they were read
              last applied  the time since the ingest applied an entry
              applied       entries applied
              gaps          sequence numbers that have not been received. A client sends
                            them again when it can
              duplicates    entries that were received again and skipped
              deleted       entries that were dropped, because their experiment or battery
                            was deleted
              stream        entries in the stream, applied or not. The ingest keeps the
                            latest ones
              commands      commands of hypero-ingest delete and rebuild that are not
                            carried out yet

            Unknown: the account must not run the command that reads the value. A warning names the commands.

            THE STANDBYS: the ingests that are connected and take over when the owner ends, as host:pid. unknown: the account \
            of the query must not run CLIENT LIST, or that of the ingest must not run CLIENT SETNAME.

            JSON is one object with the keys servers, partitions and warnings. CSV has the partitions, with the \
            warnings on standard error. prometheus is for the textfile collector of node_exporter. The exit status is 2 if a \
            partition is left out.

            --check prints one line per problem, or nothing if all is well. With --format, it prints the status as well. Beside \
            the entries that wait, it reports partitions without an owner, dead letters, entries that were removed, memory above \
            \(StatusBounds.memoryPercent) % of maxmemory, connections above \(StatusBounds.connectionPercent) % of maxclients, \
            replicas and unsafe settings.

            EXAMPLES:
              hypero-query status
              hypero-query status --check || echo "hypero needs attention"
              hypero-query status --format json | jq -r '.warnings[]'
              hypero-query status --format prometheus --output hypero.prom
            """)

    @Flag(help: "Print only the problems, and exit with 2 if there are any.")
    var check = false

    // Unconditional, so that a negative number gets the message about the range.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Warn of an entry that is not applied after this time.", valueName: "seconds"))
    var maxWait = 10

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Warn of more entries than this that are not applied yet. (default: any number)", valueName: "n"))
    var maxBehind: Int?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: StatusOutputOptions

    func validate() throws {
        guard (0...1_000_000_000).contains(maxWait) else {
            throw ValidationError("--max-wait must be between 0 and 1000000000 seconds, not \(maxWait)")
        }
        if let maxBehind, maxBehind < 0 {
            throw ValidationError("--max-behind must be at least 0, not \(maxBehind)")
        }
    }

    func checkRequirements() throws {
        if output.excel, output.format != .csv { throw MissingArgument("--excel needs --format csv") }
    }

    func run() throws {
        let bounds = StatusBounds(maxWait: Int64(maxWait) * 1_000, maxBehind: maxBehind)
        let status = try store.store().status(bounds: bounds)
        if check, output.format == nil {
            let lines = status.warnings.map { escapedText($0) + "\n" }
            try output.write(lines.joined())
        } else {
            // The table and the JSON contain the warnings.
            if output.format == .csv || check && output.format == .prometheus { printWarnings(status.warnings) }
            try output.write(output.text(of: status))
        }
        if check, !status.warnings.isEmpty { ExitStatus.attention.exit() }
    }
}

/// The options that select the form of a status.
struct StatusOutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The form: table for people, json, csv and prometheus for programs. (default: table)"))
    var format: StatusFormat?

    @Option(
        help: ArgumentHelp(
            "Write this file instead of standard output (-), as a whole or not at all.", valueName: "file"))
    var output = "-"

    @Option(help: "Colours. auto: on a terminal, unless NO_COLOR is set or TERM is dumb.")
    var color = ColorChoice.auto

    @Flag(help: ExcelHelp.flag)
    var excel = false

    /// True if the text goes to a file.
    private var isFile: Bool { output != "-" }

    /// Returns the text of a status.
    func text(of status: StoreStatus) -> String {
        let display = isFile ? Display(usesColor: color == .always) : Display(descriptor: STDOUT_FILENO, color: color)
        switch format ?? .table {
        case .prometheus:
            let text = status.metrics()
            guard display.isTerminal else { return text }
            return text.split(separator: "\n").map { escapedText(String($0)) + "\n" }.joined()
        case .table: return status.text(as: .table, for: display, advice: Self.advice)
        case .json: return status.text(as: .json, for: display)
        case .csv:
            // Excel reads a file without a byte order mark as the encoding of the system.
            return (excel ? "\u{FEFF}" : "") + status.text(as: .csv, for: display, guardsFormulas: excel)
        }
    }

    private static let advice: [AdviceTopic: String] = [
        .hiddenColumns: "Widen the terminal, or use --format json"
    ]

    /// Writes a text to the file or to standard output.
    func write(_ text: String) throws {
        try OutputFile.write(text, toFileOrStream: output)
    }
}

/// The forms of ``OutputFormat``, and the text format of Prometheus.
enum StatusFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv, prometheus

    static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var allValueDescriptions: [String: String] { [:] }
}
