import Glibc
import Hypero
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("The end of trainings, as an ingest applies it", .serialized)
struct LostTests {
    private let fixture: CommandFixture
    private let folder: TemporaryFolder
    private var journal: String { folder.file("journal") }

    init() throws {
        fixture = try CommandFixture()
        folder = try TemporaryFolder()
    }

    /// Runs a training in a process of its own, which ends as the body says.
    private func train(
        expecting condition: ExitTest.Condition, ending: Ending
    ) async {
        await #expect(processExitsWith: condition) {
            [url = fixture.server.url as String, journal = journal as String, ending = ending as Ending] in
            setenv("HYPERO_JOURNAL", journal, 1)
            let hypero = try Hypero.connect(url)
            let experiment = hypero.battery("b").experiment()
            experiment.updateName(ending.rawValue)
            experiment.log(epoch: 1, valid: 0.5)
            withExtendedLifetime((hypero, experiment)) {
                switch ending {
                case .killed:
                    _ = hypero.flush(until: .sent, timeout: .seconds(60))
                    kill(getpid(), SIGKILL)
                case .finished:
                    experiment.finish()
                    exit(0)
                case .exited: exit(0)
                }
            }
        }
    }

    enum Ending: String, Codable, Sendable { case killed, finished, exited }

    /// Returns the statuses of all experiments, as `name status`, in order.
    private func statuses() throws -> [String] {
        var connection = try fixture.connect()
        var reply = try connection.call("KEYS", "{hypero}:experiment:*")
        let keys = try reply.strings().compactMap(\.self).filter { !$0.hasSuffix(":curve") }
        return try keys.map { key in
            var reply = try connection.call("HMGET", key, "meta.name", "status")
            return try reply.strings().map { $0 ?? "" }.joined(separator: " ")
        }.sorted()
    }

    @Test func `A watching adopter ends what killed trainings have left open as lost, until a signal`() async throws {
        let ingest = try fixture.ingest()
        // The service starts before the first training.
        let adopter = try ChildProcess(
            "hypero-ingest", ["adopt", "--watch", "--redis", fixture.server.url, "--journal", journal, "--settle", "0"])
        #expect(eventually(within: .seconds(60)) { adopter.stderr.contains("cannot read the journal folder") })
        await train(expecting: .exitCode(0), ending: .finished)
        await train(expecting: .exitCode(0), ending: .exited)
        await train(expecting: .signal(SIGKILL), ending: .killed)
        #expect(
            eventually(within: .seconds(120)) {
                (try? statuses()) == ["exited lost", "finished done", "killed lost"]
            })
        #expect(
            eventually(within: .seconds(120)) { adopter.stdout.hasSuffix(" sent and removed, 3 since the start\n") })
        // Each line has the journals since the line before it.
        let numbers = adopter.stdout.matches(of: /(\d+) journals? sent/).compactMap { Int($0.1) }
        #expect(numbers.reduce(0, +) == 3, "\(adopter.stdout)")
        #expect(adopter.isRunning)
        adopter.terminate()
        #expect(adopter.wait(within: .seconds(30)) == .exited(0))
        withExtendedLifetime(ingest) {}
    }

    @Test func `A lost experiment that another process resumes runs again, whichever event arrives first`() async throws
    {
        await train(expecting: .signal(SIGKILL), ending: .killed)
        var connection = try fixture.connect()
        try fixture.drain()
        var reply = try connection.call("KEYS", "{hypero}:experiment:*")
        let key = try #require(try reply.strings().compactMap(\.self).first { !$0.hasSuffix(":curve") })
        let id = String(key.dropFirst("{hypero}:experiment:".count))
        // The resuming client adopts the journal of the dead process after its own start.
        await #expect(processExitsWith: .success) {
            [url = fixture.server.url as String, journal = journal as String, id = id as String] in
            setenv("HYPERO_JOURNAL", journal, 1)
            let hypero = try Hypero.connect(url)
            let experiment = hypero.battery("b").experiment(resuming: id, from: 1)
            experiment.log(epoch: 1, valid: 0.25)
            #expect(eventually(within: .seconds(60)) { hypero.counters.adopted == 5 })
            _ = hypero.close()
        }
        try fixture.drain()
        reply = try connection.call("HMGET", key, "status", "attempt", "max.valid")
        #expect(try reply.strings() == ["running", "2", "0.25"])
    }

    @Test func `An invalid combination of --watch is refused`() throws {
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["adopt", "--watch", "--timeout", "5", "--redis", fixture.server.url])
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.contains("--timeout is not allowed with --watch"))
    }
}
