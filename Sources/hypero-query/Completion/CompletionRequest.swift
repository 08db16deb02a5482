import ArgumentParser
import HyperoQuery
import HyperoSchema

/// The kind of the word at the cursor, and the meaning of the words before it.
struct CompletionRequest {
    enum Kind: Equatable {
        case subcommand
        case option
        /// Fixed words.
        case words([String])
        case battery
        /// A battery, or the id of a search.
        case search
        case version
        case experiment
        /// A list of columns, separated by commas. `extra` are further words, `mayDescend` allows `-` before a column.
        case columns(extra: [String], mayDescend: Bool)
        /// A list of names without prefix, of columns with one of these prefixes.
        case names([String])
        /// Criteria such as `valid:max`.
        case criteria
        /// A filter.
        case filter
        case nothing
    }

    private(set) var kind = Kind.subcommand
    /// The subcommand; nil before it.
    private(set) var command: (any ParsableCommand.Type)?
    /// The part of the word at the cursor that the candidates replace.
    private(set) var prefix: String
    /// The part of the word before ``prefix``, such as `--columns=`.
    private(set) var kept = ""
    /// The values of the options before the cursor, the latest of each.
    private(set) var values: [String: String] = [:]
    /// The arguments before the cursor.
    private(set) var arguments: [String] = []
    /// True after `help`, which another subcommand follows.
    private(set) var isAfterHelp = false
    /// True after `--`, where no word is an option.
    private(set) var isAfterTerminator = false
    /// The options of the subcommand.
    private(set) var options: [CommandOptions.Option] = []

    /// True if a pattern such as `param.*` may select columns.
    private(set) var takesPatterns = false

    /// The subcommand that shows the help of another one.
    static let help = "help"

    init(_ line: TypedLine, commands: [any ParsableCommand.Type]) {
        prefix = line.current
        var open: String?
        var known = CommandOptions()
        for word in line.words.dropFirst() {
            if let option = open {
                values[option] = word
                open = nil
            } else if !isAfterTerminator, word == "--" {
                isAfterTerminator = true
            } else if !isAfterTerminator, word.begins(with: "--") {
                let parts = word.utf8.split(
                    separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
                ).map { String(Substring($0)) }
                if parts.count == 2 {
                    values[parts[0]] = parts[1]
                } else if command == nil ? LeadingOptions.names.contains(word) : known.hasValue(word) {
                    open = word
                }
            } else if command == nil, !isAfterHelp, word == Self.help {
                isAfterHelp = true
            } else if command == nil {
                guard let found = commands.first(where: { $0.configuration.commandName == word }) else {
                    kind = .nothing
                    return
                }
                command = found
                known = CommandOptions(of: found)
                options = known.options
            } else {
                arguments.append(word)
            }
        }
        if command == nil { options = Self.rootOptions(of: commands) }
        if isAfterHelp {
            kind = command == nil && open == nil && !prefix.begins(with: "-") ? .subcommand : .nothing
            return
        }
        if let open {
            kind = kind(ofOption: open)
            takesPatterns = open == "--columns"
        } else if !isAfterTerminator, prefix.begins(with: "--"),
            let end = prefix.utf8.firstIndex(of: UInt8(ascii: "="))
        {
            let option = String(Substring(prefix.utf8[..<end]))
            kind = kind(ofOption: option)
            takesPatterns = option == "--columns"
            kept = option + "="
            prefix = String(Substring(prefix.utf8[end...].dropFirst()))
        } else if !isAfterTerminator, prefix.begins(with: "-") {
            kind = .option
        } else if command != nil {
            let names = known.arguments
            let name = arguments.count < names.count ? names[arguments.count] : names.last
            kind = name.map(Self.kind(ofArgument:)) ?? .option
            // With --top, the argument is a battery.
            if kind == .experiment, values["--top"] != nil { kind = arguments.isEmpty ? .battery : .option }
            // Only the arguments of experiments may be repeated.
            if arguments.count >= names.count, kind != .experiment || name == "trial" { kind = .option }
        }
    }

    private static func kind(ofArgument name: String) -> Kind {
        switch name {
        case "name", "battery": .battery
        case "experiment", "experiments", "trial": .experiment
        case "search": .search
        case "shell": .words(Shell.allCases.map(\.rawValue))
        default: .nothing
        }
    }

    /// Returns the options that may precede a subcommand, and those of the program alone.
    private static func rootOptions(of commands: [any ParsableCommand.Type]) -> [CommandOptions.Option] {
        let all = commands.first.map { CommandOptions(of: $0).options } ?? []
        return all.filter { LeadingOptions.names.contains($0.name) || $0.name == "--help" }
            + [CommandOptions.Option(name: "--version", hasValue: false, text: "Show the version.")]
    }

    private func kind(ofOption name: String) -> Kind {
        switch name {
        case "--version", "--min-version": .version
        case "--status": .words(statusNames)
        case "--format":
            switch command {
            case is ExportCommand.Type: .words(ExportFormatName.allValueStrings)
            case is StatusCommand.Type: .words(StatusFormat.allValueStrings)
            default: .words(OutputFormat.allCases.map(\.rawValue))
            }
        case "--color": .words(ColorChoice.allCases.map(\.rawValue))
        case "--marker": .words(["braille", "block", "ascii"])
        case "--x": .words(["epoch", "time"])
        case "--by", "--best-of", "--at-best", "--channel", "--channels", "--maxima": .names(["max.", "curve."])
        case "--params": .names(["param."])
        case "--metas": .names(["meta."])
        case "--columns", "--order-by": .columns(extra: [], mayDescend: false)
        case "--sort": .columns(extra: ["rank", "value"], mayDescend: true)
        case "--group": .columns(extra: ["seed", "params", "version"], mayDescend: false)
        case "--pareto": .criteria
        case "--where": .filter
        default: .nothing
        }
    }
}

extension CommandOptions {
    fileprivate init() {}

    fileprivate func hasValue(_ name: String) -> Bool {
        options.contains { $0.name == name && $0.hasValue }
    }
}
