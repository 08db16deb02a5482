import Foundation
import HyperoSchema
import HyperoSearch
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// Searches of real clients, whose trials a real ingest grants.
@Suite struct SearchLoopTests {
    private typealias Fixture = SearchLoopFixture

    @Test(arguments: [1, 4])
    func `Four processes share the trials of a search, each trial once`(partitions: Int) throws {
        let fixture = try Fixture(partitions: partitions)
        defer { fixture.ingest.kill() }
        let clients = try (0..<4).map { _ in try fixture.client() }
        let values = Mutex<[Int: Double]>([:])
        let rounds = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            for experiment in Fixture.search(clients[index], trials: 20) {
                let lr = experiment.logUniform("lr", 1e-5, 0.1)
                values.withLock { $0[experiment.trialNumber ?? 0] = lr }
                rounds.add(1, ordering: .relaxed)
                experiment.log(epoch: 1, ["loss": lr])
                #expect(experiment.attempt == 1 && experiment.lastEpoch == 0 && !experiment.shouldStop)
            }
        }
        #expect(rounds.load(ordering: .relaxed) == 20)
        for client in clients { #expect(client.flush(timeout: .seconds(60)) && client.close()) }
        let search = Fixture.search(clients[0], trials: 20)
        #expect(try fixture.field(SearchField.ended, of: search) == "20")
        for trial in 1...20 {
            #expect(try fixture.field(ExperimentField.status, trial: trial, of: search) == "done")
            // The same value, whichever process draws it.
            let draw = ParameterSource(seed: 7, number: UInt64(trial)).draw(
                "lr", from: .logUniform(low: 1e-5, high: 0.1))
            #expect(values.withLock { $0[trial] }.map { .number($0) } == draw.value)
        }
    }

    @Test func `A trial whose process is lost is given again with its hyper-parameters`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let (first, second) = (try fixture.client(), try fixture.client())
        let search = Fixture.search(first, trials: 2, lease: .seconds(1))
        search.enqueue(["lr": 0.003, "depth": "unfit"])
        search.enqueue(["depth": "unfit", "lr": 0.003])
        let lost = try #require(search.next(timeout: .seconds(60)))
        #expect(lost.uniform("lr", 0, 1) == 0.003)
        let depth = lost.randint("depth", 1, 8)
        let width = lost.randint("width", 1, 1_000_000)
        lost.log(epoch: 4, ["loss": 1])
        #expect(first.flush(timeout: .seconds(60)))
        #expect(try fixture.field("param.lr", trial: 1, of: search) == "0.003")
        #expect(try fixture.field("meta.not used: depth", trial: 1, of: search) == "unfit")
        // The trial has no end, and its process gives no further sign of life.
        #expect(first.close())
        let again = Fixture.search(second, trials: 2, lease: .seconds(1))
        var trials: [Experiment] = []
        while trials.count < 2, let next = again.next(timeout: .seconds(60)) { trials.append(next) }
        let repeated = try #require(trials.first { $0.trialNumber == 1 })
        #expect(repeated.attempt == 2 && repeated.lastEpoch == 4 && repeated.id == lost.id)
        #expect(repeated.uniform("lr", 0, 1) == 0.003 && repeated.randint("depth", 1, 8) == depth)
        #expect(repeated.randint("width", 1, 1_000_000) == width)
        for trial in trials {
            trial.log(epoch: 5, ["loss": 0.5])
            trial.finish()
        }
        #expect(second.flush(timeout: .seconds(60)))
        #expect(try fixture.field(SearchField.ended, of: search) == "2")
        #expect(again.next(timeout: .seconds(60)) == nil && again.isFinished)
        #expect(try fixture.field(ExperimentField.status, trial: 1, of: search) == "done")
    }

    @Test func `A search that is declared has no trial yet, and a closed client declares none`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let client = try fixture.client()
        let search = Fixture.search(client, trials: 7)
        search.declare()
        #expect(client.flush(timeout: .seconds(60)))
        #expect(try fixture.field(SearchField.trials, of: search) == "7")
        #expect(try fixture.field(SearchField.next, of: search) == "1")
        #expect(client.close())
        #expect(!Fixture.search(client, trials: 7).recordDeclaration())
    }

    @Test func `Values of a point that the training does not ask for are metadata, and the client names them once`()
        throws
    {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let notices = Mutex<[String]>([])
        let client = try fixture.client { notice in notices.withLock { $0.append(notice) } }
        let search = Fixture.search(client, trials: 3)
        search.enqueue(["lrr": 0.003, "depth": 2])
        search.enqueue(["lrr": 0.004])
        for trial in search {
            #expect(trial.randint("depth", 1, 3) == 2 || trial.trialNumber != 1)
            trial.finish()
        }
        #expect(client.flush(timeout: .seconds(60)))
        #expect(try fixture.field("meta.not used: lrr", trial: 1, of: search) == "0.003")
        #expect(try fixture.field("meta.not used: depth", trial: 1, of: search) == "")
        #expect(try fixture.field("meta.not used: lrr", trial: 2, of: search) == "0.004")
        #expect(try fixture.field("meta.not used: lrr", trial: 3, of: search) == "")
        #expect(
            notices.withLock { $0.filter { $0.contains("did not ask") } } == [
                "point of the search \(search.id): the training of \(search.id)-1 did not ask for 'lrr', so that the point's value is "
                    + "not used. Check the name"
            ])
    }

    @Test
    func `A server that has lost everything gets the search and the open trial again, and gives out the next number`()
        throws
    {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let hypero = try fixture.client()
        let search = Fixture.search(hypero, trials: 3, stopping: .halving(epochs: 81))
        search.enqueue(["lr": 0.5])
        let first = try #require(search.next(timeout: .seconds(60)))
        first.uniform("lr", 0, 1)
        first.log(epoch: 1, ["loss": 1])
        #expect(hypero.flush(timeout: .seconds(60)))
        fixture.server.cli("FLUSHALL")
        var epoch = 1
        let isBack = try eventually {
            epoch += 1
            first.log(epoch: epoch, ["loss": 1])
            return try fixture.field("open.1", of: search).contains(" ")
        }
        #expect(isBack)
        #expect(try fixture.field(SearchField.stopping, of: search) == "halving")
        #expect(try eventually { try fixture.field("param.lr", trial: 1, of: search) == "0.5" })
        let second = try #require(search.next(timeout: .seconds(60)))
        #expect(second.trialNumber == 2)
        first.finish()
        second.finish()
        // A row that was sent before the client looked is a dead letter, so a flush would fail.
        #expect(try eventually { try fixture.field(SearchField.ended, of: search) == "2" })
    }

    @Test(arguments: [Search.Sampler.random, .tpe])
    func `A declaration of a search that has no effect is reported, and the sampler of the first one is used`(
        sampler: Search.Sampler
    ) throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let hypero = try fixture.client()
        #expect(Fixture.search(hypero, trials: 3, sampler: sampler).next(timeout: .seconds(60)) != nil)
        let notices = Mutex<[String]>([])
        let other = try fixture.client { notice in notices.withLock { $0.append(notice) } }
        let search = Fixture.search(
            other, trials: 5, sampler: sampler == .tpe ? .random : .tpe, stopping: .halving(epochs: 9))
        let second = try #require(search.next(timeout: .seconds(60)))
        #expect(second.trialNumber == 2)
        #expect(other.flush(timeout: .seconds(60)))
        #expect(try fixture.field(SearchField.trials, of: search) == "5")
        #expect(try fixture.field(ExperimentField.asof, trial: 2, of: search) == (sampler == .tpe ? "0-0" : ""))
        #expect(
            eventually {
                notices.withLock { $0 } == [
                    "declaration of the search \(search.id) has no effect: it was declared before with sampler '\(sampler)', stopping "
                        + "'none', and this program declares '\(search.sampler)', 'halving'. The first declaration counts. To change it, "
                        + "use another name or seed"
                ]
            })
    }

    @Test(arguments: [(0, 1), (1_000_001, 1), (1, 0)])
    func `A search outside the limits is reported and has no trial`(trials: Int, milliseconds: Int) throws {
        let server = try RedisServer()
        let notices = Mutex<[String]>([])
        let hypero = try Hypero.connect(server.url, onNotice: { notice in notices.withLock { $0.append(notice) } })
        let search = hypero.battery("limits").search(trials: trials, lease: .milliseconds(milliseconds))
        search.enqueue(["lr": 1])
        for _ in search { Issue.record("a trial of a search outside the limits") }
        #expect(search.next(timeout: .seconds(60)) == nil)
        #expect(notices.withLock { $0.first }?.hasPrefix("search not recorded: 'search', the ") == true)
    }

    @Test func `A process that only logs to a trial leaves it to the one that runs it`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let (hypero, other) = (try fixture.client(), try fixture.client())
        let search = Fixture.search(hypero, trials: 1)
        let trial = try #require(search.next(timeout: .seconds(60)))
        let rank = other.battery("loop", objective: "loss").experiment(resuming: trial.id)
        rank.log(epoch: 1, ["gradient": 2])
        #expect(other.flush(timeout: .seconds(60)))
        trial.log(epoch: 1, ["loss": 1])
        trial.finish()
        #expect(hypero.flush(timeout: .seconds(60)))
        #expect(try fixture.field(ExperimentField.status, trial: 1, of: search) == "done")
        #expect(try fixture.field("max.gradient", trial: 1, of: search) == "2")
        #expect(try fixture.field(SearchField.ended, of: search) == "1")
    }

    @Test func `The end of a trial is sent while an order to stop may still come`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let hypero = try fixture.client()
        for experiment in Fixture.search(hypero, trials: 30, stopping: .halving(epochs: 81)) {
            // The row is not applied when the trial ends.
            experiment.log(epoch: 1, ["loss": 1])
        }
        #expect(hypero.flush(timeout: .seconds(60)))
    }

    @Test func `A claim that the ingest does not answer in time is kept for the next call`() throws {
        let fixture = try Fixture()
        fixture.ingest.kill()
        let notices = Mutex<[String]>([])
        let hypero = try fixture.client { notice in notices.withLock { $0.append(notice) } }
        let search = Fixture.search(hypero, trials: 3)
        #expect(search.next(timeout: .milliseconds(50)) == nil && !search.isFinished)
        #expect(search.next(timeout: .zero) == nil)
        #expect(hypero.counters.accepted == 3)
        let ingest = try ChildProcess("hypero-ingest", ["--redis", fixture.server.url])
        defer { ingest.kill() }
        let experiment = try #require(search.next(timeout: .seconds(60)))
        #expect(experiment.trialNumber == 1)
        #expect(notices.withLock { $0 } == [])
    }

    @Test func `A loop whose claim finds the journal full waits, and goes on once events are sent`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let notices = Mutex<[String]>([])
        let hypero = try fixture.client(journalLimit: 32 << 10) { notice in notices.withLock { $0.append(notice) } }
        fixture.server.kill()
        let battery = hypero.battery("loop", objective: "loss")
        let experiment = battery.experiment()
        var epoch = 0
        while hypero.counters.dropped.total == 0, epoch < 10_000 {
            epoch += 1
            experiment.log(epoch: epoch, ["loss": 1])
        }
        let search = Fixture.search(hypero, trials: 1)
        #expect(search.next(timeout: .milliseconds(50)) == nil && !search.isFinished)
        let message = "search \(search.id) waits for a trial: the journal has no place for the claim"
        #expect(notices.withLock { $0 }.contains { $0.hasPrefix(message) })
        try fixture.server.restart()
        #expect(Array(search).count == 1 && search.isFinished)
    }

    @Test func `A search that learns gives one process the same values again, and other ones than random draws`() throws
    {
        func run() throws -> [Double] {
            let fixture = try Fixture()
            defer { fixture.ingest.kill() }
            let hypero = try fixture.client()
            var values: [Double] = []
            for experiment in Fixture.search(hypero, trials: 16, sampler: .tpe) {
                let x = experiment.uniform("x", -1, 1)
                values.append(x)
                experiment.log(epoch: 1, ["loss": x * x])
                experiment.finish()
                // The history has the trial before the next claim.
                #expect(hypero.flush(timeout: .seconds(60)))
            }
            let search = Fixture.search(hypero, trials: 16)
            #expect(try fixture.field(ExperimentField.asof, trial: 1, of: search) == "0-0")
            #expect(try fixture.field(ExperimentField.asof, trial: 16, of: search) > "1")
            return values
        }
        let values = try run()
        #expect(values.count == 16)
        #expect(try run() == values)
        let random = (1...16).map { trial in
            ParameterSource(seed: 7, number: UInt64(trial)).draw("x", from: .uniform(low: -1, high: 1)).value
        }
        #expect(zip(values, random).prefix(10).allSatisfy { .number($0) == $1 })
        #expect(zip(values, random).dropFirst(10).allSatisfy { .number($0) != $1 })
    }

    @Test func `A loop that is left ends its trial as stopped, and the reason to stop ends it as stopped too`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let hypero = try fixture.client()
        let search = Fixture.search(hypero, trials: 3, stopping: .halving(epochs: 81))
        for experiment in search {
            experiment.log(epoch: 1, ["loss": 1])
            if experiment.trialNumber == 1 {
                #expect(hypero.flush(timeout: .seconds(60)))
                let producer = String(fixture.server.cli("KEYS", "{hypero}:producer:*").split(separator: "\n")[0])
                fixture.server.cli("HSET", producer, "stop.\(experiment.id)", "rung 3: 2nd of 2, halving keeps 1")
                var epoch = 1
                #expect(
                    eventually {
                        epoch += 1
                        experiment.log(epoch: epoch, ["loss": 1])
                        return experiment.shouldStop
                    })
                #expect(experiment.stopReason == "rung 3: 2nd of 2, halving keeps 1")
                continue
            }
            break
        }
        #expect(hypero.flush(timeout: .seconds(60)))
        for (trial, reason) in [(1, "rung 3: 2nd of 2, halving keeps 1"), (2, "the loop over the search was left")] {
            #expect(try fixture.field(ExperimentField.status, trial: trial, of: search) == "stopped")
            #expect(try fixture.field(ExperimentField.reason, trial: trial, of: search) == reason)
        }
    }
}
