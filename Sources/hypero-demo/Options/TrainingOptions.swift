import ArgumentParser
import Hypero
import HyperoSchema

/// The options that determine the number and size of the trainings, and their battery.
struct TrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The number of experiments to run.", valueName: "count"))
    var experiments = 20

    @Option(help: ArgumentHelp("The number of processes to split the experiments over.", valueName: "count"))
    var workers = 2

    @Option(help: ArgumentHelp("The number of epochs per training.", valueName: "count"))
    var epochs = 30

    @Option(
        help: ArgumentHelp("The same seed and number of workers draw the same hyper-parameters.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Share the trials of a search: tpe learns from those that have ended, random does not. Needs a running hypero-ingest.",
            valueName: "sampler"))
    var search: SamplerOption?

    @Flag(help: "Stop the trials of the search early that are worse than others: successive halving.")
    var stopEarly = false

    // Unconditional parsing, because a text may begin with a dash, and "=" cannot be followed by an empty text.
    @Option(parsing: .unconditional, help: ArgumentHelp("The battery's name.", valueName: "text"))
    var name = "digits mlp"

    @Option(
        help: ArgumentHelp(
            "The battery's version. As the only argument and without a number, prints hypero's version.",
            valueName: "number"))
    var version = 1

    @Option(parsing: .unconditional, help: ArgumentHelp("The description of this version.", valueName: "text"))
    var description = "multilayer perceptron on 8 by 8 digits"

    func validate() throws {
        try Self.check("--experiments", is: experiments, within: 1...1_000_000)
        try Self.check("--workers", is: workers, within: 1...256)
        try Self.check("--epochs", is: epochs, within: 1...1_000_000)
        try Self.check("--version", is: version, within: 0...Int(Limits.integer))
        guard search != nil || !stopEarly else {
            throw ValidationError("--stop-early needs a search. For example, write --search tpe --stop-early.")
        }
        if stopEarly { try Self.check("--epochs", is: epochs, within: 2...1_000_000) }
        guard (1...256).contains(name.utf8.count), !name.hasControlCharacters else {
            throw ValidationError(
                "--name must be 1 to 256 bytes without control characters. For example, write --name \"digits mlp\".")
        }
        guard description.utf8.count <= 65_536 else {
            throw ValidationError(
                "--description must be at most 65536 bytes, not \(description.utf8.count). Shorten the text.")
        }
    }

    /// Throws a `ValidationError` if an option's value is not within a range.
    static func check(_ option: String, is value: Int, within range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                "\(option) must be between \(range.lowerBound) and \(range.upperBound), not \(value). "
                    + "For example, write \(option) \(max(range.lowerBound, 1)).")
        }
    }

    /// The command line arguments that give a worker the same options.
    var arguments: [String] {
        [
            "--experiments=\(experiments)", "--workers=\(workers)", "--epochs=\(epochs)", "--seed=\(seed)",
            "--version=\(version)", "--name", name, "--description", description,
        ] + (search.map { ["--search=\($0.rawValue)"] } ?? []) + (stopEarly ? ["--stop-early"] : [])
    }
}

/// The values of `--search`.
enum SamplerOption: String, ExpressibleByArgument, CaseIterable {
    case tpe, random

    var sampler: Search.Sampler {
        switch self {
        case .tpe: .tpe
        case .random: .random
        }
    }
}

extension String {
    fileprivate var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
