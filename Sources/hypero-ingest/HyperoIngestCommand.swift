import ArgumentParser

/// The root command: configuration only.
@main
struct HyperoIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-ingest",
        abstract: "Turns the events of training processes into results that can be ranked.",
        discussion: """
            It reads the event streams of all partitions, keeps the hashes and sorted sets that hypero-query reads, and \
            runs until SIGTERM or SIGINT: then it finishes its batch, gives its partitions back and exits. A second \
            signal ends it at once; nothing is lost by that. Several may run: one works on a partition, the others \
            stand by. That is the subcommand run, which need not be said; hypero-ingest help run lists its options.

            EXAMPLES
              hypero-ingest                                   Redis at HYPERO_REDIS, or redis://127.0.0.1:6379
              hypero-ingest --redis redis://:secret@db:6379   better: the password in HYPERO_REDIS_PASSWORD
              hypero-ingest --redis unix:///run/redis.sock --partitions 4
              hypero-ingest --drain && hypero-query rank "my battery"
              hypero-ingest adopt                             on a training's host: send what dead processes left
              hypero-ingest requeue --all                     when what was wrong is mended: hypero-query dead

            EXIT CODES
              0    it was told to end, all is drained, or all that was asked for is done
              1    it was ended by a second signal, a drain met a server that refuses it, or something was left undone
              64   the command line is not understood
            """,
        subcommands: [RunCommand.self, AdoptCommand.self, RequeueCommand.self], defaultSubcommand: RunCommand.self)
}
