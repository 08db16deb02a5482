import Foundation
import HyperoRedis
import TestSupport

/// The client, the ingest and queries against a server with mutated replies.
final class ReplyFuzzer: Fuzzer {
    typealias Input = ReplyScript

    static let name = "replies"
    static let lanes = 4

    /// The recorded conversations.
    private struct Corpus: Codable {
        var conversations: [ReplyTarget: [Exchange]] = [:]
        var experiment = ""
    }

    private let corpus: Corpus
    private let server: FakeServer

    init(corpus: String) throws {
        self.corpus = try JSONDecoder().decode(
            Corpus.self, from: Data(contentsOf: URL(fileURLWithPath: "\(corpus)/conversations.json")))
        server = try FakeServer()
    }

    func input(seed: UInt64, index: Int) -> ReplyScript {
        var mutator = ReplyMutator(generator(seed: seed, index: index))
        return mutator.script(from: corpus.conversations)
    }

    /// A query reads whole learning curves, so it may keep a reply of 256 MiB. A training and an ingest may not.
    func additionalGrowth(of input: ReplyScript) -> Int {
        ReplyTarget.queries.contains(input.target) ? ReplyBounds.large.maxTotalBytes >> 10 : 0
    }

    func run(_ input: ReplyScript) throws {
        let replies = ScriptedReplies(input)
        server.answer { ScriptedConversation(replies) }
        defer { server.answer(with: nil) }
        try input.target.run(against: server.url, experiment: corpus.experiment, patience: input.patience)
    }

    static func makeCorpus(in folder: String) throws {
        let redis = try RedisServer(appendOnly: false)
        var corpus = Corpus()
        func record(_ target: ReplyTarget, _ body: (String) throws -> Void) throws {
            let proxy = try RecordingProxy(to: redis)
            try body(proxy.url)
            corpus.conversations[target] = proxy.stop()
        }
        // The ingest runs until the client has seen its events applied, so that both conversations are complete.
        try record(.client) { clientURL in
            try record(.ingest) { ingestURL in
                let ingest = ThreadGroup(1) { _ in try ReplyTarget.ingest(from: ingestURL, for: .seconds(3)) }
                corpus.experiment = try ReplyTarget.log(
                    to: clientURL, flush: .seconds(2), close: .milliseconds(500), durabilityWindow: .milliseconds(10))
                _ = try ingest.results()
            }
        }
        for target in ReplyTarget.queries {
            let experiment = corpus.experiment
            try record(target) { try target.run(against: $0, experiment: experiment, patience: .seconds(5)) }
        }
        for (target, exchanges) in corpus.conversations where exchanges.isEmpty {
            throw TestFailure("no conversation of \(target.rawValue) was recorded")
        }
        try JSONEncoder().encode(corpus).write(to: URL(fileURLWithPath: "\(folder)/conversations.json"))
    }
}
