import Foundation
import Hypero
import HyperoCore
import HyperoIngest
import HyperoQuery
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport

/// The program that receives the replies.
enum ReplyTarget: String, Codable, CaseIterable {
    case client, ingest, leaderboard, experiments, experiment, batteries, status, deadLetters

    static let queries: [ReplyTarget] = [.leaderboard, .experiments, .experiment, .batteries, .status, .deadLetters]

    /// The battery of the recorded conversation.
    static let battery = "fuzz"

    /// Runs the program.
    ///
    /// - Parameters:
    ///   - experiment: the id of the recorded experiment.
    ///   - patience: the time for which the program reads replies. A query waits at least 100 ms for each.
    /// - Throws: ``TestFailure`` if a deadline is not kept.
    func run(against url: String, experiment: String, patience: Duration) throws {
        switch self {
        case .client:
            try Self.log(to: url, flush: patience, close: .milliseconds(50), durabilityWindow: .milliseconds(10))
        case .ingest: try Self.ingest(from: url, for: patience)
        case .leaderboard, .experiments, .experiment, .batteries, .status, .deadLetters:
            query(url, experiment: experiment, timeout: max(patience, .milliseconds(100)))
        }
    }

    private func query(_ url: String, experiment: String, timeout: Duration) {
        // An error is a correct answer to wrong replies.
        guard let store = try? Store(url, timeout: timeout) else { return }
        switch self {
        case .leaderboard: _ = try? store.leaderboard(of: Self.battery)
        case .experiments: _ = try? store.experiments(of: Self.battery, filter: ExperimentFilter(isUnranked: true))
        case .experiment: _ = try? store.experiment(experiment)
        case .batteries: _ = try? store.batteries()
        case .status: _ = try? store.status()
        case .deadLetters: _ = try? store.deadLetters()
        case .client, .ingest: break
        }
    }

    /// Logs two experiments.
    ///
    /// - Returns: the id of the first.
    @discardableResult
    static func log(
        to url: String, flush: Duration, close: Duration, durabilityWindow: Duration = .seconds(10)
    ) throws -> String {
        var configuration = Client.Configuration(url: url, seed: 3)
        configuration.segmentSize = 64 << 10
        configuration.journalLimit = 1 << 20
        configuration.durabilityWindow = durabilityWindow
        // No folder can be created there, so the journal is in memory.
        configuration.environment = { $0 == "HYPERO_JOURNAL" ? "/dev/null/journal" : nil }
        configuration.notify = { _ in }
        let client = try Client(configuration)
        let hypero = Hypero(client)
        let battery = hypero.battery(battery, version: 1, description: "replies")
        let experiments = [battery.experiment(), battery.experiment()]
        for (number, experiment) in experiments.enumerated() {
            experiment.insertHP("lr", 0.1)
            experiment.updateName("wide")
            for epoch in 1...12 { experiment.log(epoch: epoch, train: 0.5, valid: Double(epoch * number), test: .nan) }
            experiment.finish()
        }
        try keep(flush, of: "flush") { _ = client.flush(until: .applied, deadline: .now + flush) }
        _ = client.counters
        try keep(close, of: "close") { _ = client.close(timeout: close) }
        return experiments[0].id
    }

    /// Runs an ingest for a while and stops it.
    static func ingest(from url: String, for duration: Duration) throws {
        let settings = IngestSettings(redis: try RedisURL(url))
        let ingest = try Ingest(settings, logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        try ingest.start()
        usleep(UInt32(duration.milliseconds * 1_000))
        ingest.stop()
        let hasEnded = DispatchSemaphore(value: 0)
        Task.detached {
            _ = await ingest.finished()
            hasEnded.signal()
        }
        // The watcher ends an input that takes longer than three seconds.
        hasEnded.wait()
    }

    private static func keep(_ timeout: Duration, of call: String, _ body: () -> Void) throws {
        let start = MonotonicTime.now
        body()
        let elapsed = MonotonicTime.now - start
        guard elapsed < timeout + .seconds(1) else {
            throw TestFailure("\(call)(timeout: \(timeout)) returned after \(elapsed)")
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
