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
///
/// What was tried and did not help, on two cores:
/// - *apply*: XREAD ahead of the transaction on the same connection: 250,000 rows a second instead of 350,000, since its
///   reply is then parsed while Redis waits. Batches of 16,384 instead of 2,048: no faster, and a PING waits 12 ms.
///   A socket's buffers cannot be made larger by a client of a unix socket. To read and decode a further batch ahead: Redis
///   has work 92 % of the time instead of 90, and applies no more, since the ingest then takes the core from it. A lower
///   priority of the ingest: as fast. What is left between Redis being busy 76 to 85 % of the time and having work 90 % of it
///   is its wait for a core: Redis, the two threads of the ingest and the file's fsync share two.
/// - *log*: to prefetch where the next record goes, to fill a segment by write(2) before it is mapped. The slowest hundredth
///   of the calls is not at the beginning of a page, so it is not for want of either.
/// - *memory*: `hash-max-listpack-entries` and `-value`, see ``MemorySection``.
/// - *query*: sending the first question before the replies to AUTH and SETNAME; lld; packed relocations; a stripped
///   program. To have the runtimes of Swift and C++ and hiredis in it instead of loading them took a fifth off. What else
///   helps is not free: `-Xlinker -no-pie` takes 10 % off and gives up address randomisation, `-static-executable` takes
///   more and name lookup by other NSS modules too. Two thirds of a run is the kernel and the loader, which redis-cli pays
///   as well, and an eighth the search for conformances that the parser of arguments begins.
/// - *send*: rendering faster. What Redis waited for was the round trip of MULTI and that rendering went on before sending
///   and not during it.
@main
struct HyperoBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-bench",
        abstract: "Measures hypero beside what it stands on.",
        subcommands: [SectionsCommand.self, TrainingCommand.self, WorkloadCommand.self],
        defaultSubcommand: SectionsCommand.self)
}
