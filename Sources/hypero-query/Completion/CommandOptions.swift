import ArgumentParser

/// The options and arguments of a subcommand, from its help.
///
/// The help is the one place that names all of them, also those that a subcommand gets later.
struct CommandOptions {
    struct Option {
        /// The name with its hyphens.
        let name: String
        /// True if a value follows.
        let hasValue: Bool
        /// The first line of the help.
        let text: String
    }

    private(set) var options: [Option] = []
    /// The names of the arguments, such as `name`. The last one may be repeated.
    private(set) var arguments: [String] = []

    init(of command: any ParsableCommand.Type) {
        var isInArguments = false
        for line in command.helpMessage(columns: 400).split(separator: "\n") {
            guard line.hasPrefix("  ") else {
                isInArguments = line.hasPrefix("ARGUMENTS:")
                continue
            }
            let entry = line.dropFirst(2)
            if isInArguments, entry.first == "<", let end = entry.firstIndex(of: ">") {
                arguments.append(String(entry[entry.index(after: entry.startIndex)..<end]))
            } else if entry.first == "-" {
                add(String(entry))
            }
        }
    }

    /// Adds the options of a line such as `--version <n>   The battery's version.` or `--ascending/--descending`.
    private mutating func add(_ entry: String) {
        let end = entry.firstRange(of: "  ")?.lowerBound ?? entry.endIndex
        let text = String(entry[end...].drop { $0 == " " })
        for part in entry[..<end].split(separator: ",").flatMap({ $0.split(separator: "/") }) {
            let words = part.split(separator: " ")
            guard let name = words.first, name.hasPrefix("--") else { continue }
            options.append(
                Option(
                    name: String(name), hasValue: entry[..<end].contains("<"),
                    text: text))
        }
    }
}

extension StringProtocol {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text), let end = index(start, offsetBy: text.count, limitedBy: endIndex) {
                return start..<end
            }
            start = index(after: start)
        }
        return nil
    }
}
