import ArgumentParser
import Glibc
import HyperoQuery

/// The options that select the form of the result.
struct OutputOptions: ParsableArguments {
    @Option(help: "The form: table for people, json (one object per line) and csv for programs.")
    var format = OutputFormat.table

    @Option(help: "Colours. auto: on a terminal, unless NO_COLOR is set or TERM is dumb.")
    var color = ColorChoice.auto

    private static let maxWarnings = 10

    /// Writes the result to standard output, and at most 10 of the warnings to standard error.
    ///
    /// - Parameters:
    ///   - result: the result to write.
    ///   - warnings: the warnings of the result.
    ///   - hiddenColumnsAdvice: printed if the terminal is too narrow for all columns of the table.
    func write(
        _ result: some Rendering, warnings: [String],
        hiddenColumnsAdvice: String = "widen the terminal, or --format json"
    ) throws {
        for warning in warnings.prefix(Self.maxWarnings) { printError(warning) }
        if warnings.count > Self.maxWarnings { printError("and \(warnings.count - Self.maxWarnings) more warnings") }
        let display = Display(descriptor: STDOUT_FILENO, color: color)
        try StandardOutput.write(result.text(as: format, for: display, hiddenColumnsAdvice: hiddenColumnsAdvice))
    }
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
