import ArgumentParser
import Glibc
import HyperoQuery

/// How to show the answer.
struct OutputOptions: ParsableArguments {
    @Option(help: "table for people; json, one object a line, and csv for programs.")
    var format = OutputFormat.table

    @Option(help: "Colours; auto is on a terminal, unless NO_COLOR is set or TERM is dumb.")
    var color = ColorChoice.auto

    /// Writes the answer to standard output and what could not be read to standard error.
    func show(_ answer: some Rendering, warnings: [String]) throws {
        for warning in warnings.prefix(10) { complain(warning) }
        if warnings.count > 10 { complain("and \(warnings.count - 10) more of that kind") }
        let display = Display(descriptor: STDOUT_FILENO, color: color)
        try StandardOutput.write(answer.text(as: format, for: display))
    }
}

// Said here because the library's own lists, made through key paths at every start, are a twentieth of its work.
extension OutputFormat: ExpressibleByArgument {
    static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var allValueDescriptions: [String: String] { [:] }
}

extension ColorChoice: ExpressibleByArgument {
    static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var allValueDescriptions: [String: String] { [:] }
}
