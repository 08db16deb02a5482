import ArgumentParser

@main
struct HyperoBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-bench",
        abstract: "Measures hypero beside what it stands on.",
        subcommands: [SectionsCommand.self, TrainingCommand.self, WorkloadCommand.self],
        defaultSubcommand: SectionsCommand.self)
}
