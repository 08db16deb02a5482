import ArgumentParser

/// What is trained, how much of it, and under which battery.
struct TrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many experiments to run.", valueName: "count"))
    var experiments = 20

    @Option(help: ArgumentHelp("How many processes to split them over.", valueName: "count"))
    var workers = 2

    @Option(help: ArgumentHelp("How many epochs each training has.", valueName: "count"))
    var epochs = 30

    @Option(
        help: ArgumentHelp("The same seed and number of workers draw the same hyper-parameters.", valueName: "number"))
    var seed: UInt64 = 1

    // Unconditional: a text may begin with a dash, and an empty one cannot be written with "=".
    @Option(parsing: .unconditional, help: ArgumentHelp("The battery's name.", valueName: "text"))
    var name = "digits mlp"

    @Option(help: ArgumentHelp("The battery's version.", valueName: "number"))
    var version = 1

    @Option(
        parsing: .unconditional, help: ArgumentHelp("What this version of the battery is about.", valueName: "text"))
    var description = "multilayer perceptron on 8 by 8 digits"

    func validate() throws {
        try Self.check("--experiments", experiments, within: 1...1_000_000)
        try Self.check("--workers", workers, within: 1...256)
        try Self.check("--epochs", epochs, within: 1...1_000_000)
        try Self.check("--version", version, within: 0...Int.max)
        guard (1...256).contains(name.utf8.count), !name.hasControlCharacters else {
            throw ValidationError(
                "--name must have 1 to 256 bytes and no control characters, like --name \"digits mlp\".")
        }
        guard description.utf8.count <= 65_536 else {
            throw ValidationError(
                "--description has \(description.utf8.count) bytes, at most 65536 are possible; shorten it.")
        }
    }

    static func check(_ option: String, _ value: Int, within range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            let bounds =
                range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw ValidationError(
                "\(option) is \(value), it must be \(bounds); write for example \(option) \(max(range.lowerBound, 1)).")
        }
    }

    /// The command line that gives a worker the same options.
    var arguments: [String] {
        [
            "--experiments=\(experiments)", "--workers=\(workers)", "--epochs=\(epochs)", "--seed=\(seed)",
            "--version=\(version)", "--name", name, "--description", description,
        ]
    }
}

extension String {
    fileprivate var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
