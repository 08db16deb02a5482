/// The options that all subcommands have, before the name of the subcommand:
///
///     hypero-query --format json rank digits
///
/// They move behind the name, where the subcommand parses them. One of them after the name replaces one before it.
enum LeadingOptions {
    static let names = ["--redis", "--namespace", "--partitions", "--format", "--color"]

    /// Returns the arguments with the name of the subcommand first.
    ///
    /// Arguments that begin with another word are returned as they are. If no subcommand follows, the options are removed, so
    /// that the message or the help is about the rest. A subcommand that reads no server takes none of them.
    ///
    /// - Parameter takesOptions: returns whether the subcommand of a name takes them; nil if there is no such subcommand.
    static func moved(_ arguments: [String], takesOptions: (String) -> Bool?) -> [String] {
        guard let first = arguments.first, first.hasPrefix("--") else { return arguments }
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if names.contains(where: { argument.hasPrefix($0 + "=") }) {
                index += 1
            } else if names.contains(argument), index + 1 < arguments.count {
                index += 2
            } else {
                break
            }
        }
        guard index > 0 else { return arguments }
        let rest = arguments[index...]
        guard let name = rest.first, let takesThem = takesOptions(name), takesThem else {
            // An option without its value stays, for the message of the parser.
            return Array(rest)
        }
        return [name] + arguments[..<index] + rest.dropFirst()
    }
}
