import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// Tests of forked trainings with a real ingest. Each test runs in its own process, because a fork would copy the state of
/// concurrent tests.
@Suite("Forked trainings", .serialized)
struct ForkedTrainingTests {
    @Test func `The events of a daemon whose parent has exited are applied`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ForkFixture()
            // The parent's events are not sent before the daemon's.
            fixture.server.stop()
            let (isUp, isDone) = (try ForkSignal(), try ForkSignal())
            let parent = Fork.child {
                guard let client = fixture.client() else { return false }
                let experiment = Hypero(client).battery("daemon").experiment()
                _ = Fork.child {
                    _ = isUp.wait()
                    let isApplied = fixture.train(experiment, rows: 10, client)
                    isDone.send(isApplied ? 1 : 2)
                    return isApplied
                }
                return true
            }
            #expect(Fork.wait(for: parent, seconds: 120) == 0)
            try fixture.start()
            isUp.send()
            #expect(isDone.wait() == 1)
            try fixture.expectNoDeadLetters()
            #expect(try fixture.curves() == [10])
            // The daemon or the next client adopts the parent's journal, so that the start is applied after the end.
            #expect(try fixture.adopt())
            #expect(fixture.experimentField(ExperimentField.host) != "")
            fixture.expectDone()
        }
    }

    @Test func `A child loops over the search of its parent, whose trial goes on`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ForkFixture()
            try fixture.start()
            let client = try #require(fixture.client())
            let search = Hypero(client).battery("shared").search(trials: 3)
            let first = try #require(search.next(timeout: .seconds(60)))
            first.log(epoch: 1, valid: 0.1)
            // A claim of the parent that has no answer, or one whose answer was not read.
            _ = search.next(timeout: .zero)
            let child = Fork.child {
                first.log(epoch: 2, valid: 0.2)
                var numbers: [Int] = []
                while let trial = search.next(timeout: .seconds(60)) {
                    trial.log(epoch: 1, valid: 0.3)
                    trial.finish()
                    numbers.append(trial.trialNumber ?? 0)
                    if numbers.count == 1 { break }
                }
                return client.close(timeout: .seconds(60)) && (numbers == [2] || numbers == [3])
            }
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            let second = try #require(search.next(timeout: .seconds(60)))
            #expect(second.trialNumber == 2 || second.trialNumber == 3)
            for trial in [first, second] { trial.finish() }
            #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
            try fixture.expectNoDeadLetters()
            #expect(client.close(timeout: .seconds(60)))
        }
    }

    @Test func `One adoption sends the journals of a child and of its parent, and ends the parent's experiment`() async
    {
        await #expect(processExitsWith: .success) {
            let fixture = try ForkFixture()
            try fixture.start()
            let parent = Fork.child {
                guard let client = fixture.client() else { return false }
                let experiment = Hypero(client).battery("killed").experiment()
                guard client.flush(until: .sent, deadline: .now + .seconds(60)) else { return false }
                let child = Fork.child {
                    experiment.log(epoch: 1, valid: 0.5)
                    return client.flush(until: .sent, deadline: .now + .seconds(60)) && Fork.killSelf()
                }
                return Fork.wait(for: child, seconds: 120) == nil && Fork.killSelf()
            }
            #expect(Fork.wait(for: parent, seconds: 120) == nil)
            #expect(fixture.journals == 2)
            #expect(try fixture.adopt())
            #expect(fixture.journals == 0)
            #expect(fixture.experimentField(ExperimentField.status) == ExperimentStatus.lost.rawValue)
        }
    }

    @Test func `The events of a child that is connected before its parent are applied`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ForkFixture()
            fixture.server.stop()
            let client = try #require(fixture.client())
            let experiment = Hypero(client).battery("outage").experiment()
            let (isUp, isDone) = (try ForkSignal(), try ForkSignal())
            // The parent is suspended until its child has finished, like a parent in a long backoff.
            let parent = Fork.child {
                experiment.log(epoch: 0, valid: 0)
                let child = Fork.child {
                    _ = isUp.wait()
                    let isApplied = fixture.train(experiment, rows: 10, client)
                    isDone.send(isApplied ? 1 : 2)
                    return isApplied
                }
                raise(SIGSTOP)
                return Fork.wait(for: child, seconds: 120) == 0
                    && client.flush(until: .applied, deadline: .now + .seconds(240))
                    && client.close(timeout: .seconds(240))
            }
            var status: Int32 = 0
            #expect(waitpid(parent, &status, WUNTRACED) == parent)
            try fixture.start()
            isUp.send()
            #expect(isDone.wait() == 1)
            kill(parent, SIGCONT)
            #expect(Fork.wait(for: parent, seconds: 120) == 0)
            #expect(client.flush(until: .applied, deadline: .now + .seconds(240)))
            try fixture.expectNoDeadLetters()
            #expect(try fixture.curves() == [11])
            fixture.expectDone()
            #expect(client.close(timeout: .seconds(240)))
        }
    }

    @Test func `An experiment of a declared battery that a child has finished stays done`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ForkFixture()
            try fixture.start()
            let declaring = try #require(fixture.client())
            #expect(fixture.train(Hypero(declaring).battery("declared").experiment(), rows: 1, declaring))
            #expect(declaring.close(timeout: .seconds(240)))
            fixture.server.stop()
            let client = try #require(fixture.client())
            let experiment = Hypero(client).battery("declared").experiment()
            let (isUp, isDone) = (try ForkSignal(), try ForkSignal())
            let child = Fork.child {
                _ = isUp.wait()
                let isApplied = fixture.train(experiment, rows: 10, client)
                isDone.send(isApplied ? 1 : 2)
                return isApplied && client.close(timeout: .seconds(240))
            }
            try fixture.server.restart()
            isUp.send()
            #expect(isDone.wait() == 1)
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            #expect(client.flush(until: .applied, deadline: .now + .seconds(240)))
            try fixture.expectNoDeadLetters()
            #expect(try fixture.curves() == [1, 10])
            fixture.expectDone()
            #expect(client.close(timeout: .seconds(240)))
        }
    }

    @Test func `A pool of children, of which some never log or fork again, loses nothing while other threads log`()
        async
    {
        await #expect(processExitsWith: .success) {
            let fixture = try ForkFixture()
            try fixture.start()
            let client = try #require(fixture.client())
            let hypero = Hypero(client)
            let battery = hypero.battery("pool")
            let shared = battery.experiment()
            shared.log(epoch: 0, valid: 0)
            shared.randint("n", 1, 6)
            try Fork.useTypesOnce()
            let threads = TestSupport.ThreadGroup(2) { thread in
                for epoch in 0..<5_000 { shared.log(epoch: epoch, ["thread\(thread)": 1]) }
            }
            var children: [pid_t] = []
            for number in 1...12 {
                children.append(
                    Fork.child {
                        switch number % 4 {
                        case 0: return true
                        case 1:
                            shared.log(epoch: number, valid: Double(number))
                            return client.flush(until: .applied, deadline: .now + .seconds(120))
                                && client.close(timeout: .seconds(120))
                        case 2: return fixture.train(battery.experiment(), rows: 20, client)
                        default:
                            let grandchild = Fork.child {
                                shared.log(epoch: number, valid: Double(number))
                                return fixture.train(battery.experiment(), rows: 20, client)
                            }
                            return Fork.wait(for: grandchild, seconds: 120) == 0
                        }
                    })
            }
            for child in children { #expect(Fork.wait(for: child, seconds: 240) == 0) }
            _ = try threads.results()
            shared.finish()
            #expect(client.flush(until: .applied, deadline: .now + .seconds(120)))
            #expect(client.close(timeout: .seconds(240)))
            #expect(client.counters.dropped.total == 0)
            try fixture.expectNoDeadLetters()
            // Six children have an experiment of their own.
            #expect(try fixture.curves() == Array(repeating: 20, count: 6) + [5_000])
            #expect(try fixture.ingest.differences() == "")
        }
    }
}

/// A server, an ingest and clients whose journals share a folder.
private final class ForkFixture: Sendable {
    let ingest: IngestFixture
    private let folder: TemporaryFolder

    init() throws {
        ingest = try IngestFixture(appendOnly: true, configuration: ["appendfsync always"])
        folder = try TemporaryFolder()
    }

    var server: RedisServer { ingest.server }

    /// Starts the server, if it was stopped, and an ingest that lives as long as this process.
    func start() throws {
        try server.restart()
        _ = Unmanaged.passRetained(try ingest.ingest())
    }

    func client() -> Client? {
        var configuration = Client.Configuration(url: server.url, seed: 7)
        let journal = folder.file("journal")
        configuration.environment = { $0 == "HYPERO_JOURNAL" ? journal : nil }
        configuration.notify = { _ in }
        configuration.durabilityWindow = .milliseconds(100)
        return try? Client(configuration)
    }

    /// Logs rows, finishes the experiment, and returns whether all is applied.
    func train(_ experiment: Experiment, rows: Int, _ client: Client) -> Bool {
        for epoch in 1...rows { experiment.log(epoch: epoch, valid: Double(epoch)) }
        experiment.finish()
        return client.flush(until: .applied, deadline: .now + .seconds(240))
    }

    /// The number of journals.
    var journals: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.file("journal")))?.count ?? 0
    }

    /// Sends the journals of processes that have ended.
    func adopt() throws -> Bool {
        try ChildProcess.run(
            "hypero-ingest",
            [
                "adopt", "--redis", server.url, "--journal", folder.file("journal"), "--settle", "0.1", "--timeout",
                "60",
            ],
            within: .seconds(90)
        ).succeeded
    }

    func expectNoDeadLetters() throws {
        let letters = server.cli("XRANGE", ingest.keyspace.dead, "-", "+")
        #expect(letters == "")
    }

    /// The numbers of rows of all learning curves, in ascending order.
    func curves() throws -> [Int] {
        server.cli("KEYS", "{hypero}:experiment:*:curve").split(separator: "\n")
            .map { Int(server.cli("HLEN", String($0))) ?? -1 }.sorted()
    }

    /// A field of the experiment that has the most rows.
    func experimentField(_ field: String) -> String {
        let curve = server.cli("KEYS", "{hypero}:experiment:*:curve").split(separator: "\n")
            .max { (Int(server.cli("HLEN", String($0))) ?? 0) < (Int(server.cli("HLEN", String($1))) ?? 0) }
        return server.cli("HGET", String((curve ?? "").dropLast(":curve".count)), field)
    }

    func expectDone() {
        #expect(experimentField(ExperimentField.status) == ExperimentStatus.done.rawValue)
    }
}
