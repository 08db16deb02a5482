import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoQuery

/// The options that select the form of the result.
struct OutputOptions: ParsableArguments {
    @Option(help: "The form: table for people, json (one object per line) and csv for programs.")
    var format = OutputFormat.table

    @Option(help: "Colours. auto: on a terminal, unless NO_COLOR is set or TERM is dumb.")
    var color = ColorChoice.auto

    @Flag(help: ExcelHelp.flag)
    var excel = false

    /// Checks the options that need another one.
    func checkRequirements() throws {
        if excel, format != .csv {
            throw MissingArgument("--excel needs --format csv")
        }
    }

    /// Writes the result to standard output, and at most 10 of the warnings to standard error.
    ///
    /// Standard error also has the notes of JSON and CSV, which have no place for them.
    ///
    /// - Parameters:
    ///   - result: the result to write.
    ///   - warnings: the warnings of the result.
    ///   - advice: printed with notes, and if the terminal is too narrow for all columns of the table.
    ///   - width: the width of the table in columns; nil for that of the terminal.
    func write(
        _ result: some Rendering, warnings: [String], advice: [AdviceTopic: String] = [:], width: Int? = nil
    ) throws {
        var advice = advice
        if advice[.hiddenColumns] == nil { advice[.hiddenColumns] = "Widen the terminal, or use --format json" }
        printWarnings(warnings)
        if format != .table {
            for note in result.notes + [result.limitNote].compactMap(\.self) {
                printError("note: \(note.text(with: advice))")
            }
        }
        var display = Display(descriptor: STDOUT_FILENO, color: color)
        if let width { display.width = width }
        // Excel reads a file without a byte order mark as the encoding of the system.
        if excel { try StandardOutput.write("\u{FEFF}") }
        try StandardOutput.write(
            result.text(as: format, for: display, advice: advice, guardsFormulas: excel))
    }
}

/// The help of `--excel`, which all commands have.
enum ExcelHelp {
    static let flag: ArgumentHelp = """
        In CSV and TSV, begin with a byte order mark, and begin text with an apostrophe that a spreadsheet would run as a formula: cells \
        with = + - @ first.
        """
}

// The parser's default implementations build these lists through key paths at every start, 5 % of all instructions.
extension OutputFormat: ExpressibleByArgument {
    static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var allValueDescriptions: [String: String] { [:] }
}

extension ColorChoice: ExpressibleByArgument {
    static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var allValueDescriptions: [String: String] { [:] }
}
