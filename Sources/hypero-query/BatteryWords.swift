import ArgumentParser
import HyperoQuery
import HyperoSchema

/// The words of commands about a battery: their shared help, and a battery in the advice of messages.
///
/// The commands declare the arguments themselves. An option group for them would cost every start 5 % of its instructions.
enum BatteryWords {
    static let columnsHelp =
        "The columns to show, such as lr,max.test,host, or param.* for all that match. May be repeated."

    static let columnsDiscussion = """
        Prefixes are optional: lr is param.lr, meta.lr and max.lr, as far as they exist. A name that no program has logged is \
        a field of every experiment: battery, status, started, updated, host, pid, seed, attempt, reason, epochs, epoch, \
        source, nonfinite, last_seen, duration, age or idle. metrics., params. and tags. are prefixes too. hypero.seed is that field beside a hyper-parameter seed. A name with a comma needs double \
        quotes: --columns 'lr,"union(pca,ica)"'.
        """

    static let statusHelp = "Only experiments of these statuses: \(statuses). May be repeated."

    private static let statuses = statusNames.joined(separator: ", ")

    /// Returns the statuses of the values of `--status`. The commands declare it as texts: an option of another type would
    /// cost every start the instantiation of its generic metadata.
    static func statuses(named names: [String]) throws -> Set<ExperimentStatus> {
        Set(
            try names.flatMap(ColumnList.names).map { name in
                guard let status = ExperimentStatus(anyName: name) else {
                    throw ValidationError("--status must be one of \(statuses), not '\(name)'")
                }
                return status
            })
    }

    /// Returns the names in the lists of `--columns`; nil without the option.
    static func columns(in lists: [String]) throws -> [String]? {
        guard !lists.isEmpty else { return nil }
        let names = lists.map(ColumnList.names)
        guard !names.contains([]) else {
            throw ValidationError("--columns needs a name, for example --columns lr,max.test")
        }
        return names.flatMap(\.self)
    }

    /// Returns the advice about columns that a narrow terminal hides.
    ///
    /// - Parameter columns: the values of `--columns`.
    static func hiddenColumnsAdvice(columns: [String]) -> String {
        columns.isEmpty
            ? "Choose with --columns, or print all with --format csv"
            : "Widen the terminal, or print all with --format csv"
    }

    /// Returns the advice about batteries that differ only in their descriptions.
    ///
    /// - Parameter id: the id of one of them.
    static func severalBatteriesAdvice(_ subcommand: String, id: String) -> String {
        "Choose one with its id instead of the name, for example hypero-query \(subcommand) \(id)"
    }

    /// Returns a command about a battery, for a shell.
    ///
    /// - Parameter options: the words of the options after the version.
    static func command(_ subcommand: String, of name: String, version: Int?, options: [String]) -> String {
        let options = (version.map { ["--version \($0)"] } ?? []) + options
        // After `--`, a name that begins with a hyphen is no option.
        let words = name.hasPrefix("-") ? options + ["--", quoted(name)] : [quoted(name)] + options
        return (["hypero-query", subcommand] + words).joined(separator: " ")
    }

    /// Returns an option with a value, for a shell. A value that begins with a hyphen would be read as an option after a space.
    static func option(_ name: String, value: String) -> String {
        value.hasPrefix("-") ? "\(name)=\(quoted(value))" : "\(name) \(quoted(value))"
    }

    /// Returns a word for a shell, in quotes if it needs them.
    static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0)
        }
        guard !isPlain || word.isEmpty else { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

/// The names of the statuses of experiments.
let statusNames = ExperimentStatus.allCases.map(\.rawValue)
