public import ArgumentParser
import Foundation
import HyperoIngest
import HyperoRedis
import HyperoSchema
public import Logging
import UnixSignals

@main
struct HyperoIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-ingest",
        abstract: "Turns the events of training processes into results that can be ranked.",
        discussion: """
            It reads the event streams of all partitions, keeps the hashes and sorted sets that hypero-query reads, and \
            runs until SIGTERM or SIGINT: then it finishes its batch, gives its partitions back and exits. A second \
            signal ends it at once; nothing is lost by that. Several may run: one works on a partition, the others \
            stand by.

            EXAMPLES
              hypero-ingest                                   Redis at HYPERO_REDIS, or redis://127.0.0.1:6379
              hypero-ingest --redis redis://:secret@db:6379   better: the password in HYPERO_REDIS_PASSWORD
              hypero-ingest --redis unix:///run/redis.sock --partitions 4
              hypero-ingest --drain && hypero-query rank "my battery"

            EXIT CODES
              0    it was told to end, or all is drained
              1    it was ended by a second signal, or a drain met a server that refuses it
              64   the command line is not understood
            """)

    @Option(
        help: ArgumentHelp(
            "Where Redis is: redis://… or unix://…; else HYPERO_REDIS, else redis://127.0.0.1:6379.", valueName: "url"))
    var redis: String?

    @Option(help: ArgumentHelp("What all keys start with; else HYPERO_NAMESPACE, else hypero.", valueName: "name"))
    var namespace: String?

    @Option(
        help: ArgumentHelp(
            "How many partitions there are, the same as the clients'; else HYPERO_PARTITIONS, else 1.", valueName: "n"))
    var partitions: Int?

    @Option(help: ArgumentHelp("Applied entries that stay in each stream to look at.", valueName: "n"))
    var retain = 10_000

    @Flag(
        help: """
            Apply all there is and exit. Waits while another ingest owns a partition, until either of them has applied \
            what was there at the start.
            """)
    var drain = false

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = Logger.Level.info

    @Option(
        help: ArgumentHelp(
            "How long a partition stays owned without a sign of life.", valueName: "seconds", visibility: .hidden))
    var lease = 5.0

    func validate() throws {
        guard retain >= 0 else { throw ValidationError("--retain must not be negative: write --retain 10000") }
        guard (0.05...3_600).contains(lease) else {
            throw ValidationError("--lease must be from 0.05 to 3600 seconds: write --lease 5")
        }
        do {
            _ = try settings()
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var logger = Logger(label: "hypero-ingest", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        let ingest = try Ingest(try settings(), logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try ingest.start()
        let listener = Task {
            var isStopping = false
            for await signal in signals {
                // The lease ends by itself, and what is not applied is read again.
                if isStopping { _exit(ExitCode.failure.rawValue) }
                isStopping = true
                logger.notice("\(signal): finishing")
                ingest.stop()
            }
        }
        let isWell = await ingest.finished()
        listener.cancel()
        guard isWell else { throw ExitCode.failure }
    }

    private func settings() throws(SchemaError) -> IngestSettings {
        var settings = IngestSettings(redis: try RedisURL(redis))
        settings.namespace = Deployment.namespace(namespace)
        settings.partitions = try Deployment.partitions(partitions)
        settings.retain = retain
        settings.isDraining = drain
        settings.lease = .seconds(lease)
        try settings.check()
        return settings
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
