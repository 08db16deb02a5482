import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoQuery

struct ExportCommand: FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write all experiments of a battery, or their learning curves, for other programs.",
        usage: "hypero-query export [<options>] <name>",
        discussion: """
            The columns: experiment, battery, name, version, status, reason, host, seed, attempt, started, last_seen, epochs (the \
            highest epoch), epoch (of the maxima) and source, then max.<channel>, param.<name> and meta.<name>. The header is \
            written also without a row. Times are in UTC, such as 2025-11-23T12:00:00.000Z. nan and inf are texts, and missing \
            values are empty, or null in JSON. An empty text is "" in CSV and TSV.

            --params, --metas and --maxima select columns and their order: names separated by commas, with * for any text and ? for \
            one character. Quote them for the shell. --params '' leaves all hyper-parameters out.

            With --curves, there is one row per value: experiment, epoch, channel, value. --maxima selects the channels. --wide has \
            one row per epoch, with the columns curve.<channel>.

            The oldest experiment is first. --order-by takes a channel, by its value at the best epoch, or a hyper-parameter, \
            metadata or another column; hypero.seed is the seed of the client if there is a hyper-parameter of that name. Experiments \
            without the value are last, and those with an infinite value of a channel. The order by a channel is fast. The others \
            keep the ids of all experiments in memory.

            \(FilterOptions.discussion)

            The memory does not depend on the number of experiments otherwise. --output writes the file as a whole or, after an \
            error, not at all. It is an error if a partition does not answer, unless --partial is given. Without --output, the rows of \
            the other partitions are written, and the exit status is 2.

            EXAMPLES:
              hypero-query export "digits mlp" > digits.csv
              hypero-query export "digits mlp" --params 'lr*' --maxima valid,test
              hypero-query export "digits mlp" --curves --output curves.csv
              hypero-query export "digits mlp" --order-by valid --desc --format json
              hypero-query export "digits mlp" --where "valid >= best - 0.01"
              hypero-query export "digits mlp" | duckdb -c "select status, count(*)
                from read_csv('/dev/stdin') group by status"
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(parsing: .unconditional, help: ArgumentHelp("Only this version and later ones.", valueName: "n"))
    var minVersion: Int?

    @OptionGroup var filtering: FilterOptions

    @Option(help: ArgumentHelp("The hyper-parameters to write. May be repeated. (default: all)", valueName: "a,b*"))
    var params: [String] = []

    @Option(help: ArgumentHelp("The metadata to write. May be repeated. (default: all)", valueName: "a,b*"))
    var metas: [String] = []

    @Option(help: ArgumentHelp("The channels to write. May be repeated. (default: all)", valueName: "a,b*"))
    var maxima: [String] = []

    @Option(help: ArgumentHelp("The column that orders the rows. (default: started)", valueName: "column"))
    var orderBy: String?

    @Flag(help: "The highest value, or the latest time, first.")
    var desc = false

    @Flag(help: "Write the learning curves, one row per value.")
    var curves = false

    @Flag(help: "With --curves, write one row per epoch, with a column per channel.")
    var wide = false

    @Flag(help: ArgumentHelp(stringLiteral: Explanation.help))
    var explain = false

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: ExportOptions

    func validate() throws {
        _ = try LostAfter.duration(in: lostAfter)
        try output.validate()
    }

    func checkRequirements() throws {
        if wide, !curves { throw MissingArgument("--wide needs --curves") }
        if curves, !params.isEmpty || !metas.isEmpty {
            throw MissingArgument("--curves has no columns of \(params.isEmpty ? "--metas" : "--params")")
        }
        try output.checkRequirements()
        _ = try filtering.filter()
    }

    var filteredBattery: String? { name }
    var writesJSON: Bool { output.requestedFormat == .json }

    func sortingAdvice(_ field: String?) -> String? { "--order-by \(field.map(BatteryWords.quoted) ?? "lr")" }

    func run() throws {
        var request = ExportRequest()
        request.version = version
        request.minVersion = minVersion
        request.filter = try filtering.filter()
        request.params = names(in: params)
        request.metas = names(in: metas)
        request.maxima = names(in: maxima)
        request.orderBy = orderBy
        request.isDescending = desc
        request.curves = curves ? (wide ? .wide : .long) : nil
        output.apply(to: &request)
        request.needsAllPartitions = output.file != nil && !output.partial
        let explanation = Explanation(isRequested: explain)
        let store = try store.store(lostAfter: lostAfter)
        var progress = ProgressLine(of: "experiments", isOutputElsewhere: output.file != nil)
        let summary: ExportSummary
        do {
            if let path = output.file {
                var file = try OutputFile(path)
                summary = try store.export(name, request, progress: { progress.update($0, of: $1) }) {
                    try file.write($0)
                }
                try file.commit()
            } else {
                summary = try store.export(name, request, progress: { progress.update($0, of: $1) }) {
                    try StandardOutput.write($0)
                }
            }
        } catch {
            progress.clear()
            throw error
        }
        progress.clear()
        printWarnings(summary.warnings)
        explanation.write(summary.access, filter: summary.filterUse, of: store)
        if summary.experimentCount == 0, summary.filterUse != nil, summary.examinedCount > 0 {
            printError("note: none of \(summary.examinedCount) experiments fulfils --where")
        } else if summary.experimentCount == 0 {
            printError("note: the battery has no experiments: none has started yet, or all were deleted")
        }
    }

    /// Returns the names in lists; nil without the option. An empty list selects no column.
    private func names(in lists: [String]) -> [String]? {
        lists.isEmpty ? nil : lists.flatMap(ColumnList.names)
    }
}

/// The options that select the form of an export.
struct ExportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The form: csv, tsv, json (one object per line, also jsonl and ndjson) or markdown. (default: by the name of the file, "
                + "else csv)"))
    var format: ExportFormatName?

    @Option(
        help: ArgumentHelp(
            "Write this file instead of standard output (-), as a whole or not at all.", valueName: "file"))
    var output: String?

    @Flag(help: "With --output, write the file also if partitions do not answer, without their rows.")
    var partial = false

    @Flag(help: ExcelHelp.flag)
    var excel = false

    @Option(
        help: ArgumentHelp("The text of missing values in csv, tsv and markdown. (default: empty)", valueName: "text"))
    var null: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Round numbers that are not whole to significant digits, 1 to 17. (default: all digits)", valueName: "n"))
    var precision: Int?

    @Flag(help: "End the lines of csv and tsv with CR and LF, as in RFC 4180.")
    var crlf = false

    @Option(help: "As in other commands. An export has no colours.")
    var color = ColorChoice.auto

    func validate() throws {
        if let precision, !ExportStyle.precisions.contains(precision) {
            throw ValidationError("--precision must be between 1 and 17, not \(precision)")
        }
    }

    /// The path of the file; nil for standard output.
    var file: String? { output == "-" ? nil : output }

    /// The requested form, else that of the file's name: `digits.json` has JSON.
    private var formatName: ExportFormatName {
        if let format { return format }
        guard let file, let dot = file.lastIndex(of: ".") else { return .csv }
        let end = String(file[file.index(after: dot)...])
        return end == "md" ? .markdown : ExportFormatName(rawValue: end) ?? .csv
    }

    /// The form of the rows.
    var requestedFormat: ExportFormat { formatName.format }

    /// Checks the options that need another one.
    func checkRequirements() throws {
        if partial, file == nil { throw MissingArgument("--partial needs --output with a file") }
        let format = formatName
        let isSeparated = format == .csv || format == .tsv
        if excel, !isSeparated { throw MissingArgument("--excel needs --format csv or --format tsv") }
        if crlf, !isSeparated { throw MissingArgument("--crlf needs --format csv or --format tsv") }
        if null != nil, format.format == .json { throw MissingArgument("--null needs --format csv, tsv or markdown") }
    }

    /// Sets the form of a request.
    func apply(to request: inout ExportRequest) {
        request.format = requestedFormat
        request.style.isForSpreadsheet = excel
        request.style.null = null ?? ""
        request.style.precision = precision
        request.style.endsWithCRLF = crlf
        request.style.isEscaped = file == nil && isatty(STDOUT_FILENO) == 1
    }
}

/// The names of ``ExportFormat``. JSON with one object per line has two more, which other programs use.
enum ExportFormatName: String, CaseIterable, ExpressibleByArgument {
    case csv, tsv, json, jsonl, ndjson, markdown

    var format: ExportFormat {
        switch self {
        case .csv: .csv
        case .tsv: .tsv
        case .json, .jsonl, .ndjson: .json
        case .markdown: .markdown
        }
    }

    static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var allValueDescriptions: [String: String] { [:] }
}
