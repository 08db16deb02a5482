public import ArgumentParser
import Foundation
import HyperoIngest
import HyperoSchema
public import Logging
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Apply events as they come; this is what it does when nothing else is said.")

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

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
        var settings = try deployment.settings()
        settings.retain = retain
        settings.isDraining = drain
        settings.lease = .seconds(lease)
        return settings
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
