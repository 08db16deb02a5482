import ArgumentParser

/// The benchmark: `Scripts/bench`.
///
/// Each section measures one property of hypero and compares it with a lower bound or a competitor, in the same run on
/// the same machine. The documentation of a section describes the measurement. ``Targets`` has the required values.
/// Compare ratios, because absolute times depend on the machine.
///
/// - ``LogSection``: the cost of a log call for the training.
/// - ``SendSection``: the sending rate of a client.
/// - ``ApplySection``: the rate at which the ingest applies a backlog.
/// - ``EndToEndSection``: the sustained rate from log call to index, and the delay until a value is in the ranking.
/// - ``QuerySection``: the top ten of a million experiments.
/// - ``MemorySection``: the memory of Redis, a client and the ingest.
/// - ``KilledSection``: the events lost to SIGKILL.
/// - ``PartitionsSection``: the rate of several partitions in a cluster.
/// - ``ConnectionsSection``: thousands of connections, and a restart of Redis.
/// - ``PeersSection``: other trackers with the same rows.
/// - ``SearchSection``: the best values that searches find, and the time of a suggestion.
/// - ``StoppingSection``: the savings by stopping bad trainings.
///
/// Every measurement has its own Redis, so that none inherits the files and the memory of another. The append-only file
/// is synced every second, as recommended to users. Two measurements that are compared alternate, and their medians are
/// compared. Allocations, system calls, commands and round trips do not vary between runs, so tests count them.
@main
struct HyperoBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-bench",
        abstract: "Measure hypero, and compare it with lower bounds and other trackers.",
        subcommands: [
            SectionsCommand.self, TrainingCommand.self, WorkloadCommand.self, ClientsCommand.self,
            QuietTrainingsCommand.self,
        ],
        defaultSubcommand: SectionsCommand.self)
}
