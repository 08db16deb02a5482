import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The options that leave experiments out by a condition.
struct FilterOptions: ParsableArguments {
    // Unconditional, because an expression may begin with a minus.
    @Option(
        name: .customLong("where"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Only experiments that fulfil this condition: 'valid > 0.9 and lr < 1e-2'. Of several, all.",
            valueName: "expression"))
    var expressions: [String] = []

    @Flag(help: "With --where, a field that no experiment has is missing, and no error.")
    var lenient = false

    /// The values of the options.
    var request: FilterRequest { FilterRequest(expressions: expressions, isLenient: lenient) }

    /// Returns the filter; nil without `--where`.
    ///
    /// - Throws: `FilterError`, or an error about the options.
    func filter() throws -> Filter? { try request.filter() }

    /// The examples that the help of the commands has.
    static let discussion = """
        --where takes hyper-parameters, metadata and channels by their names, values at the best epoch, and status, started, \
        age, duration, idle, epochs, epoch, host, id, version and rank. param., meta. and max. select one of several of a \
        name. Other names need `backticks`. It understands and, or, not, = != < <= > >=, in (1, 2), between 1 and 2, like \
        'a%', ~ 'regex', is null, is nan, best - 0.01, 10k, 0.1%, 2h and 2026-11-24. A missing value and nan fulfil no \
        comparison.
        """
}

/// The conditions on experiments as they were written.
struct FilterRequest {
    var expressions: [String] = []
    var isLenient = false
    /// A condition that the experiments must fulfil too; nil for none.
    var additional: Filter?

    /// Returns the filter that all expressions form; nil without any.
    func filter() throws -> Filter? {
        guard !expressions.isEmpty else {
            if isLenient { throw MissingArgument("--lenient needs --where") }
            return additional
        }
        let filter = try Filter(all: expressions, isLenient: isLenient)
        return additional.map { filter.joined(with: $0) } ?? filter
    }
}

/// A command that filters experiments.
protocol FilterCommand: ServerCommand {
    var filtering: FilterOptions { get }
    /// The battery's name or id, for advice; nil if there is none.
    var filteredBattery: String? { get }
    /// Returns the options that sort by a field as a filter cannot; nil if the command has none.
    func sortingAdvice(_ field: String?) -> String?
    /// True if errors are written as JSON.
    var writesJSON: Bool { get }
}

extension FilterCommand {
    func sortingAdvice(_ field: String?) -> String? { nil }

    /// Prints an error of the filter on standard error: with the place in the expression, or as a JSON object.
    func printFilterError(_ error: FilterError) {
        let hint = hint(of: error)
        if writesJSON {
            _ = writeAll(error.json(hint: hint) + "\n", to: STDERR_FILENO)
        } else {
            printError(error.lines(hint: hint).joined(separator: "\n"))
        }
    }

    private func hint(of error: FilterError) -> String? {
        let advice: String?
        switch error.topic {
        case .none: advice = nil
        case .openQuote: return (error.hint ?? "") + "; in the shell, put the whole expression in \"…\""
        case .sorting(let field): advice = sortingAdvice(field)
        case .limit: advice = "--limit 10"
        case .unknownField(let count):
            advice = filteredBattery.map { name in
                let list = BatteryWords.command("columns", of: name, version: nil, options: [])
                return error.hint == nil ? "\(list) lists \(count)" : "(\(list) lists \(count))"
            }
        }
        let parts = [error.hint, advice].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "  ")
    }
}

extension FilterCommand where Self: StoreCommand {
    var writesJSON: Bool { output.format == .json }
}
