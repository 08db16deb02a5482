import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("Experiments that are resumed, or bound to a block of code")
struct ResumeTests {
    private let fixture: ClientFixture
    private let client: Client
    private let battery: Battery

    init() throws {
        fixture = try ClientFixture()
        client = try fixture.client()
        battery = Hypero(client).battery("b", directions: ["wer": .min, "loss": .min])
    }

    private func events() throws -> [Event] { try client.renderedEntries().compactMap(\.event) }

    @Test func `A resumed experiment keeps its id, and its start has the attempt and the first epoch`() throws {
        let experiment = battery.experiment(resuming: "k3v9x2mq7d-17", from: 5, attempt: 3)
        #expect(experiment.id == "k3v9x2mq7d-17")
        experiment.insertHP("lr", 0.1)
        experiment.log(epoch: 5, valid: 0.5)
        experiment.log(epoch: 6, ["valid": 0.6])
        experiment.updateLearningCurve(first: 7, ["valid": [1]])
        experiment.finish()
        let own = battery.experiment()
        let events = try events()
        #expect(events.map(\.body.kind) == [.battery, .start, .param, .epoch, .epoch, .curve, .end, .battery, .start])
        #expect(events[1...6].allSatisfy { $0.experiment?.text == "k3v9x2mq7d-17" })
        #expect(events.allSatisfy { $0.battery?.text == battery.id && $0.origin?.producer == client.producer })
        guard case .start(let start) = events[1].body else { throw TestFailure("no start") }
        #expect(start.attempt == 3 && start.from == 5 && start.seed == "7")
        // It takes no number of this producer.
        #expect(own.id == "\(client.producer.text)-1")
        #expect(fixture.recorder.count(containing: "not ranked") == 0)
    }

    @Test func `With the same seed a resumed experiment repeats the draws of the first attempt`() throws {
        let first = battery.experiment()
        let draws = (0..<3).map { first.uniform("x\($0)", 0, 1) }
        let other = try fixture.client()
        let second = Hypero(other).battery("b").experiment(resuming: first.id)
        #expect((0..<3).map { second.uniform("x\($0)", 0, 1) } == draws)
    }

    @Test func `An invalid id is reported, and its events are dropped. An invalid epoch is left out`() throws {
        for id in ["", "UPPER", String(repeating: "a", count: 65)] {
            let experiment = battery.experiment(resuming: id)
            experiment.log(epoch: 1, valid: 1)
            experiment.finish()
        }
        #expect(client.counters.accepted == 0)
        #expect(client.counters.dropped.invalid == 6)
        #expect(fixture.recorder.count(containing: "experiment not resumed: 'UPPER'") == 1)
        _ = battery.experiment(resuming: "a-1", from: -1)
        #expect(try events().last?.body.kind == .start)
        #expect(fixture.recorder.count(containing: "left out: -1 of the experiment a-1") == 1)
    }

    @Test(.forks) func `A forked child repeats the start of an experiment that its parent has resumed, and logs to it`()
        async
    {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let battery = Hypero(client).battery("b")
            let experiment = battery.experiment(resuming: "a-1", from: 2, attempt: 3)
            let other = battery.experiment()
            let child = Fork.child {
                other.updateMeta("m", 1)
                experiment.log(epoch: 2, valid: 1)
                return client.close(timeout: .seconds(60))
            }
            #expect(Fork.wait(for: child, seconds: 60) == 0)
            #expect(client.close(timeout: .seconds(60)))
            let rows = try server.entries().compactMap(\.event).filter { $0.body.kind == .epoch }
            #expect(rows.map { $0.experiment?.text } == ["a-1"])
            #expect(rows.first?.origin?.producer != client.producer)
            // Before its row, the child repeats the parent's start, which may arrive after the row.
            let all = try server.entries().compactMap(\.event)
            let childs = all.filter { $0.origin?.producer == rows.first?.origin?.producer }
            #expect(childs.map(\.body.kind) == [.battery, .meta, .battery, .start, .epoch])
            let starts = all.filter { $0.body.kind == .start && $0.experiment?.text == "a-1" }
            #expect(starts.count == 2 && Set(starts.map(\.body)).count == 1 && Set(starts.map(\.time)).count == 1)
            guard case .start(let start)? = childs.dropFirst(3).first?.body else { throw TestFailure("no start") }
            #expect(start.from == 2 && start.attempt == 3)
        }
    }

    @Test func `A battery declares the directions of other channels`() throws {
        _ = battery.experiment()
        guard case .battery(let declaration) = try events()[0].body else { throw TestFailure("no declaration") }
        #expect(declaration.directions == [.init("loss", .min), .init("wer", .min)])
        let hypero = Hypero(client)
        let experiment = hypero.experiment("c", version: 2, description: "d", objective: "loss", direction: .min)
        experiment.log(epoch: 1, ["loss": 1])
        guard case .battery(let second) = try events()[2].body else { throw TestFailure("no declaration") }
        #expect(
            second == Event.Declaration(name: "c", version: 2, description: "d", objective: "loss", direction: .min))
    }

    private struct Diverged: Error, CustomStringConvertible {
        var description: String { "the loss is nan" }
    }

    @Test func `withExperiment finishes, or fails with the error, and leaves an end of the body as it is`() throws {
        let id: String = battery.withExperiment { experiment in
            experiment.log(epoch: 1, valid: 1)
            return experiment.id
        }
        #expect(id == "\(client.producer.text)-1")
        let thrown = #expect(throws: Diverged.self) {
            try battery.withExperiment { _ throws(Diverged) -> Int in throw Diverged() }
        }
        #expect(thrown != nil)
        battery.withExperiment { $0.stop("early") }
        #expect(throws: Diverged.self) {
            try battery.withExperiment {
                $0.fail("other")
                throw Diverged()
            }
        }
        let ends = try events().map(\.body).filter { $0.kind == .end }
        #expect(
            ends == [
                .end(.done, reason: nil), .end(.failed, reason: "the loss is nan"), .end(.stopped, reason: "early"),
                .end(.failed, reason: "other"),
            ])
        #expect(client.counters.dropped.total == 0)
    }
}
