public import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoRedis
import HyperoSchema
public import Logging
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Apply events continuously (the default subcommand).",
        usage: "hypero-ingest run [<options>]",
        discussion: """
            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest run
              hypero-ingest run --drain && hypero-query rank "digits mlp"

            EXIT STATUS:
              0   one signal ended the run, or all present entries are applied
              1   a second signal ended the run, a signal ended a drain before all
                  entries were applied, a server refused a drain, dead letters could
                  not be written, or a drain could not archive all
              64  the command line is invalid
            """)

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    // Unconditional, so that a negative number gets the message that says what to write.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The number of applied entries to keep in each stream for inspection.", valueName: "n"))
    var retain = 10_000

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The memory for the dead letters of each partition. Beyond it, the oldest are removed. (default: "
                + "HYPERO_DEAD_LIMIT, or 64)", valueName: "MiB"))
    var deadLimit: Int?

    @Option(
        help: ArgumentHelp(
            "Copy applied entries to files in this folder before they leave the stream. hypero-ingest replay reads them.",
            valueName: "folder"))
    var archive: String?

    @Flag(
        help: """
            Apply all present entries and exit. If another ingest owns a partition, waits until either of the two has \
            applied the entries that were present at the start.
            """)
    var drain = false

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = Logger.Level.info

    @Option(
        help: ArgumentHelp(
            "The time after which the lease of an ingest that does not renew it expires.", valueName: "seconds",
            visibility: .hidden))
    var lease = 5.0

    func validate() throws {
        guard retain >= 0 else {
            throw ValidationError("--retain must be at least 0, not \(retain). For example, write --retain 10000.")
        }
        if let deadLimit, !Deployment.deadLimits.contains(deadLimit) {
            throw ValidationError(
                "--dead-limit must be between 1 and 1048576 MiB, not \(deadLimit). For example, write --dead-limit 64.")
        }
        do {
            _ = try Deployment.deadLimit(deadLimit, environment: ProcessEnvironment.value(of:))
        } catch {
            throw ValidationError(error.description)
        }
        guard archive?.isEmpty != true else {
            throw ValidationError("--archive must be a folder. For example, write --archive /var/lib/hypero/archive.")
        }
        guard (0.05...3_600).contains(lease) else {
            throw ValidationError(
                "--lease must be between 0.05 and 3600 seconds, not \(lease). For example, write --lease 5.")
        }
    }

    func run() async throws {
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        var logger = Logger(label: "hypero-ingest", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        let settings = try settings()
        if let archive {
            do {
                try Ingest.prepareArchive(archive)
            } catch {
                printError(error.description)
                throw ExitCode.failure
            }
        }
        let ingest = try Ingest(settings, logger: logger)
        let keyspaces = try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions)
        let last = keyspaces.count > 1 ? " to \(keyspaces[keyspaces.count - 1].tag)" : ""
        logger.info("starting with the events of \(keyspaces[0].tag)\(last) on \(settings.redis.serverURL)")
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try ingest.start()
        let listener = Task {
            var stopSignals = StopSignals()
            for await signal in signals {
                switch stopSignals.action(at: .now) {
                case .finish:
                    logger.notice("\(signal): finishing the current batch; a second signal exits at once")
                    ingest.stop()
                case .ignore: break
                // Nothing is lost: the lease expires, and its next owner reads the unapplied entries again.
                case .exitAtOnce: _exit(ExitCode.failure.rawValue)
                }
            }
        }
        let hasSucceeded = await ingest.finished()
        listener.cancel()
        guard hasSucceeded else { throw ExitCode.failure }
    }

    private func settings() throws(SchemaError) -> IngestSettings {
        var settings = try deployment.settings()
        settings.retain = retain
        settings.archive = archive
        settings.deadLetterBytes =
            try Deployment.deadLimit(deadLimit, environment: ProcessEnvironment.value(of:)) << 20
        settings.isDraining = drain
        settings.leaseDuration = .seconds(lease)
        return settings
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
