import ArgumentParser
import HyperoQuery

/// The advice for usual mistakes in a command line.
enum UsageAdvice {
    /// The commands whose only argument is the name of a battery.
    private static let takingName = ["rank", "experiments", "versions", "columns", "importance", "export"]

    /// The options of rank by their names in other commands and programs.
    private static let otherNames = [
        "--order-by": "--sort", "--sort-by": "--sort", "--orderby": "--sort", "--filter": "--where",
        "--query": "--where", "--top": "--limit", "-n": "--limit", "--group-by": "--group",
    ]

    /// Returns a sentence for the message of the parser; nil if there is none.
    ///
    /// - Parameter arguments: the command line without the name of the program.
    static func sentence(for message: String, arguments: [String]) -> String? {
        let names = HyperoQueryCommand.subcommands.compactMap { command in
            command.configuration.shouldDisplay ? command.configuration.commandName : nil
        }
        if message.isAboutUnexpectedArguments {
            if arguments.contains("--where") {
                return "A condition with spaces needs quotes, for example --where 'lr < 0.01'"
            }
            guard let first = arguments.first, !names.contains(first) else {
                return arguments.first.map(Self.takingName.contains) ?? false
                    ? "A name with spaces needs quotes, for example \"digits mlp\"" : nil
            }
            if ["delete", "requeue", "adopt"].contains(first) { return "Write hypero-ingest \(first)" }
            let nearest = Suggestion(for: first, among: names).similar.first.map { "Did you mean \($0)? " } ?? ""
            return "\(nearest)The commands are \(names.joined(separator: ", "))"
        }
        if let first = arguments.first, LeadingOptions.names.contains(first), message == "Unknown option '\(first)'" {
            return "Before a subcommand, it needs a value"
        }
        if let first = arguments.first, first.hasPrefix("-"), message == "Unknown option '\(first)'",
            let name = arguments.first(where: names.contains)
        {
            return "Only \(LeadingOptions.names.joined(separator: " ")) may precede \(name)"
        }
        for (option, other) in otherNames where message == "Unknown option '\(option)'" && arguments.first == "rank" {
            return "Write \(other)"
        }
        for format in OutputFormat.allCases where message == "Unknown option '--\(format.rawValue)'" {
            return "Write --format \(format.rawValue)"
        }
        return nil
    }

    /// Returns a sentence for the message of the parser about the command line of the process.
    static func sentence(for message: String) -> String? {
        sentence(for: message, arguments: HyperoQueryCommand.arguments)
    }
}

extension String {
    /// True for the parser's message about arguments that no command takes.
    fileprivate var isAboutUnexpectedArguments: Bool {
        hasPrefix("Unexpected argument ") || contains(" unexpected arguments: ")
    }
}
