import ArgumentParser

/// The benchmark: `Scripts/bench`.
///
/// Each section measures one thing beside what it stands on or competes with, in one run on one machine, and says in its
/// own documentation what it measures and how; ``Targets`` says what is to be reached. Ratios count. Absolute times are
/// printed, and are those of the machine they were made on.
///
/// - ``LogSection``: what a log call costs the training.
/// - ``SendSection``: how fast a client sends.
/// - ``ApplySection``: how fast a backlog is applied.
/// - ``EndToEndSection``: the whole way, and how soon a value is in the ranking.
/// - ``QuerySection``: a top ten of a million.
/// - ``MemorySection``: what Redis, a client and the ingest hold in memory.
/// - ``KilledSection``: what SIGKILL loses.
/// - ``PeersSection``: other trackers with the same rows.
///
/// Every measurement has a Redis of its own with an append-only file that is synced each second, as users are told to
/// have it, so that none inherits the files and the memory of another. What is compared runs in turn, and medians are
/// compared. Allocations, system calls, commands and round trips do not vary, so tests count them and nothing here does.
@main
struct HyperoBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-bench",
        abstract: "Measures hypero beside what it stands on.",
        subcommands: [SectionsCommand.self, TrainingCommand.self, WorkloadCommand.self],
        defaultSubcommand: SectionsCommand.self)
}
