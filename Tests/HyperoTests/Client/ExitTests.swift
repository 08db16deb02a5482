import Glibc
import HyperoCore
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// The end of a process without `close`. Each test runs in its own process, and a process that hangs at its end fails its test.
@Suite("The exit of a process", .serialized, .timeLimit(.minutes(5)))
struct ExitTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private var path: String { fixture.folder.file("journal") }

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
    }

    /// Returns a client of a process of its own, with the real notices on standard error.
    static func client(_ url: String, journal: String, exitTimeout: String?) throws -> Hypero {
        var configuration = Client.Configuration(url: url)
        configuration.environment = {
            switch $0 {
            case "HYPERO_JOURNAL": journal
            case "HYPERO_EXIT_TIMEOUT": exitTimeout
            default: nil
            }
        }
        return Hypero(try Client(configuration))
    }

    @Test(arguments: [false, true])
    func `A process that ends without close sends its events first, also if it has released the client`(
        isReleased: Bool
    ) async throws {
        await #expect(processExitsWith: .exitCode(7)) {
            [url = server.url as String, path = path as String, isReleased = isReleased as Bool] in
            let hypero = try ExitTests.client(url, journal: path, exitTimeout: "60")
            let experiment = hypero.battery("b").experiment()
            for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
            if !isReleased { withExtendedLifetime((hypero, experiment)) { exit(7) } }
            exit(7)
        }
        #expect(try server.seqs() == Array(1...1_002))
    }

    @Test func `A process does not wait at its end for a server that is known to be down, and says what is not sent`()
        async throws
    {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            [path = path as String] in
            let hypero = try ExitTests.client("unix:///nowhere/redis.sock", journal: path, exitTimeout: "86400")
            let experiment = hypero.battery("b").experiment()
            withExtendedLifetime((hypero, experiment)) { exit(0) }
        }
        let messages = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(messages.contains("hypero: events not sent: 2. They stay in \(path)"))
        #expect(fixture.segments.count >= 1)
    }

    @Test(arguments: ["0", "0.2"])
    func `A process waits at its end no longer than HYPERO_EXIT_TIMEOUT for a server that does not answer`(
        timeout: String
    ) async throws {
        server.suspend()
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            [url = server.url as String, path = path as String, timeout = timeout as String] in
            let hypero = try ExitTests.client(url, journal: path, exitTimeout: timeout)
            let experiment = hypero.battery("b").experiment()
            withExtendedLifetime((hypero, experiment)) { exit(0) }
        }
        server.resume()
        let messages = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(
            messages.contains("hypero: events not sent: 2. They stay in \(path)") == (timeout != "0"), "\(messages)")
        let adopter = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { adopter.counters.adopted == 3 })
        #expect(adopter.close(timeout: .seconds(60)))
    }

    @Test func `The value of HYPERO_EXIT_TIMEOUT is checked`() throws {
        for value in ["x", "-1", "nan", "1e9"] {
            #expect(throws: (any Error).self) { try fixture.client(variables: ["HYPERO_EXIT_TIMEOUT": value]) }
        }
        _ = try fixture.client(variables: ["HYPERO_EXIT_TIMEOUT": "0.5"])
    }

    @Test func `Threads that log during the end of a process, or hold the journal's lock, do not disturb it`()
        async throws
    {
        await #expect(processExitsWith: .success) { [url = server.url as String, path = path as String] in
            let hypero = try ExitTests.client(url, journal: path, exitTimeout: "60")
            let experiment = hypero.battery("b").experiment()
            let logged = Atomic<Int>(0)
            let workers = ThreadGroup(3) { _ in
                while true {
                    experiment.log(epoch: 1, train: 1)
                    logged.add(1, ordering: .relaxed)
                    usleep(10)
                }
            }
            #expect(eventually(within: .seconds(60)) { logged.load(ordering: .relaxed) > 100 })
            withExtendedLifetime((workers, hypero)) { exit(0) }
        }
        let seqs = try server.seqs()
        #expect(seqs.count > 100 && seqs == Array(1...UInt64(seqs.count)))

        await #expect(processExitsWith: .success) { [path = path as String] in
            // Nothing listens there, but the lock keeps the thread from finding out.
            var configuration = Client.Configuration(url: "unix:///nowhere/redis.sock")
            configuration.environment = { ["HYPERO_JOURNAL": path, "HYPERO_EXIT_TIMEOUT": "0.2"][$0] }
            let client = try Client(configuration)
            client.journal.lock.lock()
            exit(0)
        }
    }

    @Test func `A process may end on the thread that shows a notice`() async throws {
        await #expect(processExitsWith: .exitCode(3)) { [path = path as String] in
            var configuration = Client.Configuration(url: "unix:///nowhere/redis.sock")
            configuration.environment = { ["HYPERO_JOURNAL": path, "HYPERO_EXIT_TIMEOUT": "86400"][$0] }
            configuration.notify = { _ in exit(3) }
            let hypero = Hypero(try Client(configuration))
            _ = hypero.battery("b").experiment()
            sleep(600)
        }
    }

    @Test(.forks) func `A forked child that ends by exit waits for its own events only`() async throws {
        await #expect(processExitsWith: .success) { [url = server.url as String, path = path as String] in
            let hypero = try ExitTests.client(url, journal: path, exitTimeout: "60")
            let experiment = hypero.battery("b").experiment()
            #expect(hypero.flush(until: .sent, timeout: .seconds(60)))
            let logging = Fork.child {
                for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
                return Fork.exitSelf()
            }
            #expect(Fork.wait(for: logging, seconds: 60) == 0)
            // The thread of the parent, which does not exist in the child, cannot send this event.
            let silent = try ExitTests.client("unix:///nowhere/redis.sock", journal: path, exitTimeout: "86400")
            _ = silent.battery("b").experiment()
            #expect(Fork.wait(for: Fork.child { Fork.exitSelf() }, seconds: 60) == 0)
            #expect(hypero.close(timeout: .seconds(60)))
        }
        let producers = try server.entries().compactMap(\.event?.origin?.producer)
        #expect(Set(producers).count == 2)
        #expect(producers.count == 2 + 101)
    }

    @Test func `SIGTERM and SIGINT end a process at once, as without a client`() async throws {
        server.suspend()
        for number in [SIGTERM, SIGINT] {
            await #expect(processExitsWith: .signal(number)) {
                [url = server.url as String, path = path as String, number = number as Int32] in
                let hypero = try ExitTests.client(url, journal: path, exitTimeout: "86400")
                let experiment = hypero.battery("b").experiment()
                signal(number, SIG_DFL)
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, number)
                pthread_sigmask(SIG_UNBLOCK, &signals, nil)
                withExtendedLifetime((hypero, experiment)) { _ = raise(number) }
            }
        }
        server.resume()
    }
}
