import ArgumentParser

/// The fuzz runs: `Scripts/fuzz`.
@main
struct HyperoFuzz: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hypero-fuzz")
}
