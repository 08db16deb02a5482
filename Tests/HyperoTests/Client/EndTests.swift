import HyperoCore
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

@Suite("The end of an experiment, and what the client refuses")
struct EndTests {
    private let fixture: ClientFixture
    private let client: Client
    private var notices: [String] { fixture.recorder.notices }

    init() throws {
        fixture = try ClientFixture()
        // Without notices about the server.
        client = try fixture.client()
    }

    /// The notices that are not about the server.
    private var refusals: [String] { notices.filter { !$0.contains("redis.sock") } }

    @Test func `A second end and rows after the end are ignored, counted, and reported once each`() throws {
        let experiment = Hypero(client).battery("b").experiment()
        experiment.log(epoch: 1, valid: 1)
        experiment.finish()
        let accepted = client.counters.accepted
        for epoch in 2...4 { experiment.log(epoch: epoch, valid: 0.5) }
        experiment.log(epoch: 2, ["valid": 2])
        experiment.updateLearningCurve(valid: [1, 2])
        experiment.fail("late")
        experiment.stop("later")
        experiment.finish()
        #expect(client.counters.accepted == accepted)
        #expect(client.counters.dropped.ended == 8)
        #expect(client.counters.dropped.total == 8)
        #expect(
            refusals == [
                "row not recorded: valid = 0.5 at epoch 2 of the experiment \(experiment.id), which has ended. Log rows before "
                    + "finish, fail or stop",
                "end not recorded: failed of the experiment \(experiment.id), which has ended. Call finish, fail or stop once",
            ])
        // What describes the whole experiment may follow.
        experiment.insertHP("lr", 0.1)
        experiment.updateSavepath("/models/1")
        experiment.updateMaxima(test: 1)
        #expect(client.counters.accepted == accepted + 3)
        let ends = try client.renderedEntries().filter { $0.event?.body.kind == .end }
        #expect(ends.compactMap(\.event?.body) == [.end(.done, reason: nil)])
    }

    @Test func `Neither an end nor a lost end is earlier than the start, also after the wall clock was set back`()
        throws
    {
        let ahead = WallClock.milliseconds + 3_600_000
        client.latestChange.store(ahead, ordering: .relaxed)
        let battery = Hypero(client).battery("b")
        let (ended, open) = (battery.experiment(), battery.experiment(resuming: "a-1"))
        for experiment in [ended, open] { experiment.log(epoch: 1, valid: 1) }
        ended.finish()
        for event in try client.renderedEntries().compactMap(\.event) where [.start, .end].contains(event.body.kind) {
            #expect(event.time == ahead)
        }
        var experiments = OpenExperiments()
        JournalFixture.forEachRecord(in: client.journal.withLock { client.journal.currentPiece }) {
            experiments.read($0)
        }
        #expect(experiments.entries.map(\.value.time) == [ahead])
    }

    @Test func `An end that a full journal drops can be repeated`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client {
            $0.segmentSize = 4_096
            $0.journalLimit = 8_192
        }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 1...1_000 { experiment.log(epoch: epoch, valid: 1) }
        experiment.finish()
        experiment.finish()
        #expect(client.counters.dropped.ended == 0)
        #expect(client.counters.dropped.journalFull > 2)
    }

    @Test func `Log calls after close are counted, and reported once`() {
        let experiment = Hypero(client).battery("b").experiment()
        _ = client.close(timeout: .zero)
        for epoch in 1...3 { experiment.log(epoch: epoch, valid: 1) }
        experiment.log(epoch: 1, ["a": 1])
        experiment.insertHP("lr", 0.1)
        experiment.finish()
        #expect(client.counters.dropped.closed == 6)
        let expected =
            "event not recorded: of the experiment \(experiment.id), the client is closed. Call close after the last log call"
        #expect(refusals.filter { $0.contains("closed") } == [expected])
    }

    @Test func `A refusal names the experiment, the channel and the value, and close says how many more there were`() {
        let experiment = Hypero(client).battery("b").experiment()
        let id = experiment.id
        experiment.log(epoch: -1, train: 0.5)
        experiment.log(epoch: 3, ["loss": 1, "epoch": 0.25])
        experiment.updateMaxima(epoch: -7, ["valid": 2])
        experiment.insertHP("config", String(repeating: "a: 1\n", count: 20_000))
        experiment.updateLearningCurve(["a\n": [1, 2, 3, 4]])
        for _ in 1...3 { experiment.log(epoch: 9) }
        _ = client.close(timeout: .zero)
        let limit = 9_007_199_254_740_991
        let expected = [
            "row not recorded: train = 0.5 at epoch -1 of the experiment \(id), the epochs must be integers from 0 to \(limit)",
            "row not recorded: epoch = 0.25 at epoch 3 of the experiment \(id), the channel 'epoch' is reserved: max.epoch is "
                + "another field. Choose another name",
            "epoch of maxima left out: -7 of the experiment \(id), must be an integer from 0 to \(limit)",
            "hyper-parameter not recorded: config = \(printable(String(repeating: "a: 1\n", count: 20_000))) of the experiment "
                + "\(id), the hyper-parameter 'config' has 100000 bytes: at most 65536 are allowed",
            "curve not recorded: a\u{FFFD} = 1 2 3 … at epoch 1 of the experiment \(id), the channel 'a\u{FFFD}' must not "
                + "contain control characters such as newlines and tabs",
            "row not recorded: at epoch 9 of the experiment \(id), it must have a value",
            "2 further log calls not recorded: outside the limits, for the same reasons",
        ]
        #expect(refusals.filter { !$0.contains("events not sent") } == expected)
        #expect(client.counters.dropped.invalid == 7)
    }

    @Test func `Text that only describes never keeps an end, a battery or maxima from being recorded`() throws {
        let long = String(repeating: "frame of a traceback\n", count: 4_000)
        let fixture = try ClientFixture()
        let client = try fixture.client { $0.segmentSize = 4 << 20 }
        let battery = Hypero(client).battery("b", description: long)
        let experiment = battery.experiment()
        experiment.updateMaxima(valid: 1, epoch: -1)
        experiment.fail(long)
        #expect(client.counters.dropped.total == 0)
        let bodies = try client.renderedEntries().compactMap(\.event?.body)
        #expect(bodies.map(\.kind) == [.battery, .start, .maxima, .end])
        guard case .battery(let declaration) = bodies[0], case .end(.failed, let reason?, nil) = bodies[3] else {
            throw TestFailure("other events: \(bodies)")
        }
        for text in [declaration.description, reason] {
            #expect(
                text.utf8.count <= 65_536 && text.utf8.count > 65_500 && text.hasSuffix("…")
                    && long.hasPrefix(text.dropLast()))
        }
        #expect(bodies[2] == .maxima(epoch: nil, [CurveRow.Cell("valid", Number(1))]))
        // The id is that of the whole description, as in another process.
        #expect(battery.id == BatteryID(name: "b", version: 1, description: long).text)
    }

    @Test func `An experiment that ends with rows but without the objective is reported at once`() throws {
        let hypero = Hypero(client)
        let battery = hypero.battery("digits", objective: "valid accuracy")
        for _ in 0..<2 {
            let experiment = battery.experiment()
            for epoch in 1...3 { experiment.log(epoch: epoch, ["accuracy": 0.5, "loss": 1]) }
            experiment.log(epoch: 1, train: 1)
            experiment.finish()
        }
        #expect(refusals.count == 1)
        #expect(
            refusals.first?.hasSuffix(
                " logged accuracy, loss, train, but never 'valid accuracy', which this program declares as the objective of "
                    + "'digits'. Declare a battery with an objective that the program logs") == true)
        #expect(refusals.first?.hasPrefix("experiment not ranked: \(client.producer.text)-1 ") == true)

        // Ranked, or without rows.
        let logs: [(Experiment) -> Void] = [
            { $0.log(epoch: 1, ["loss": 1, "valid accuracy": 1]) }, { $0.updateMaxima(["valid accuracy": 1]) },
            { $0.updateLearningCurve(["valid accuracy": [1]]) }, { $0.insertHP("a", 1) },
        ]
        for (index, log) in logs.enumerated() {
            let experiment = hypero.battery("\(index)", objective: "valid accuracy").experiment()
            log(experiment)
            experiment.finish()
        }
        let experiment = hypero.battery("c").experiment()
        experiment.log(epoch: 1, valid: 1)
        experiment.stop("")
        #expect(refusals.count == 1)
    }

    @Test func `A hook takes the notices`() throws {
        let recorder = NoticeRecorder()
        let hypero = try Hypero.connect(ClientFixture.unreachableURL, onNotice: recorder.notify)
        let experiment = hypero.battery("b").experiment()
        experiment.log(epoch: -1, valid: 1)
        #expect(recorder.count(containing: "row not recorded") == 1)
        experiment.finish()
        _ = hypero.close(timeout: .zero)
    }
}
