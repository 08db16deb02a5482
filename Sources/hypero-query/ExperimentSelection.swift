import ArgumentParser
import HyperoCommandLine
import HyperoQuery

/// The experiments whose curves a command shows: ids, or the best ones of a battery.
struct ExperimentSelection: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The experiments' ids, or prefixes that no other id has. With --top, the battery's name or id.",
            valueName: "experiment"))
    var experiments: [String]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The best experiments of a battery, 1 to 1000.", valueName: "n"))
    var top: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --top, the battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(
        help: ArgumentHelp(
            "With --top, the channel to rank by. (default: the battery's objective)", valueName: "channel"))
    var by: String?

    @OptionGroup var filtering: FilterOptions

    /// Checks the number of experiments before the program connects.
    func validate() throws {
        if let top, !Store.idLimits.contains(top) {
            throw ValidationError(
                "--top must be between \(Store.idLimits.lowerBound) and \(Store.idLimits.upperBound), not \(top)")
        }
        try Self.validate(count: experiments.count)
    }

    /// Checks the number of experiments on the command line.
    static func validate(count: Int) throws {
        guard Store.idLimits.contains(count) else {
            throw ValidationError("there must be at most \(Store.idLimits.upperBound) experiments, not \(count)")
        }
    }

    /// Checks the options that need another one.
    func checkRequirements() throws {
        // Not in validate(), which runs before the parser reports an unknown option whose value looks like a second battery.
        if top != nil, experiments.count > 1 {
            throw MissingArgument("--top needs one battery, not \(experiments.count). A name with spaces needs quotes")
        }
        _ = try filtering.filter()
        guard top == nil else { return }
        if version != nil { throw MissingArgument("--version needs --top") }
        if by != nil { throw MissingArgument("--by needs --top") }
        if !filtering.expressions.isEmpty { throw MissingArgument("--where needs --top") }
    }

    /// Reads the curves.
    ///
    /// - Parameter channels: the channels; nil for the objective.
    func curves(from store: Store, channels: [String]?) throws -> CurveSet {
        guard let top else { return try store.curves(of: experiments, channels: channels) }
        return try store.curves(
            ofTop: top, in: experiments[0], version: version, by: by, where: filtering.filter(), channels: channels)
    }
}
