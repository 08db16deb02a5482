import ArgumentParser
import HyperoCore

/// The root command: configuration only.
@main
struct HyperoIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-ingest",
        abstract: "Turn the events of training processes into results that can be ranked.",
        discussion: """
            Reads the event streams of all partitions and writes the hashes and sorted sets that hypero-query reads. \
            Runs until SIGTERM or SIGINT, then finishes the current batch, releases its partitions and exits. A second \
            signal exits at once, without losing events. Several instances may run: one owns a partition, the others \
            are on standby. The default subcommand is run; hypero-ingest help run lists its options.

            EXAMPLES (port 16379 is that of the Redis server that Scripts/demo starts)
              hypero-ingest                                  Redis at HYPERO_REDIS, else redis://127.0.0.1:6379
              hypero-ingest --redis redis://127.0.0.1:16379  with its password, if any, in HYPERO_REDIS_PASSWORD
              hypero-ingest --redis unix:///run/redis.sock --partitions 4
              hypero-ingest --drain --redis redis://127.0.0.1:16379
              hypero-ingest adopt --journal .demo/journal --redis redis://127.0.0.1:16379
              hypero-ingest requeue --all --redis redis://127.0.0.1:16379

            EXIT STATUS
              0    run ended by one signal, everything drained, or everything requested done
              1    run ended by a second signal, a server refused to be drained, or something was left undone
              64   the command line is invalid
            """,
        version: HyperoVersion.current,
        subcommands: [RunCommand.self, AdoptCommand.self, RequeueCommand.self], defaultSubcommand: RunCommand.self)
}

/// Prints a message on standard error.
func printError(_ message: String) {
    StandardStream.error.write("hypero-ingest: \(message)\n")
}
