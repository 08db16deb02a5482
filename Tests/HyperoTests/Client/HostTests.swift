import Foundation
import HyperoCore
import Glibc
import HyperoRedis
import Synchronization
import TestSupport
import Testing

@testable import Hypero

// Each test runs in its own process, because it changes the process.
@Suite("Effects on the host process", .serialized)
struct HostTests {
    @Test func `A client that cannot extend its files continues in memory with one warning`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            // posix_fallocate fails with EFBIG. SIGXFSZ would end the process if the client did not block the signal.
            var limit = rlimit(rlim_cur: 256 << 10, rlim_max: rlim_t(bitPattern: -1))
            #expect(setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit) == 0)
            let client = try fixture.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            for epoch in 0..<50_000 { experiment.log(epoch: epoch, train: 1) }
            #expect(client.close(timeout: .seconds(60)))
            #expect(client.counters.sent == 50_002)
            #expect(fixture.recorder.notices.count == 1)
            #expect(fixture.recorder.count(containing: "Set HYPERO_JOURNAL") == 1)
        }
    }

    @Test func `Frequent signals that the host handles lose no event`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            // SA_RESTART is not set, so that signals interrupt system calls.
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in HostTests.handledSignals.increment() }
            #expect(sigaction(SIGUSR1, &action, nil) == 0)
            let client = try fixture.client(server.url) { $0.segmentSize = 64 << 10 }
            let experiment = Hypero(client).battery("b").experiment()
            let loggingThread = pthread_self()
            let signaller = ThreadGroup(1) { _ in
                for _ in 0..<2_000 {
                    pthread_kill(loggingThread, SIGUSR1)
                    kill(getpid(), SIGUSR1)
                    usleep(50)
                }
            }
            while signaller.isWorking {
                for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
                _ = client.flush(until: .sent, deadline: .now + .milliseconds(1))
            }
            #expect(client.close(timeout: .seconds(60)))
            let counters = client.counters
            #expect(counters.sent == counters.accepted)
            #expect(try server.entries().count == Int(counters.accepted))
            #expect(counters.dropped.total == 0)
            #expect(HostTests.handledSignals.count > 0)
            // The sender thread blocks signals, so no signal interrupted its connection.
            #expect(fixture.recorder.notices == [])
        }
    }

    @Test func `A connection that Redis closes during a write raises no SIGPIPE`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            for round in 0..<30 {
                for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: Double(round)) }
                server.cli("CLIENT", "KILL", "TYPE", "normal")
            }
            #expect(client.close(timeout: .seconds(60)))
            #expect(Set(try server.seqs()).count == 90_002)
        }
    }

    @Test func `A rejected call neither ends nor blocks a process whose standard error is closed or full`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let fixture = try ClientFixture()
            for isFull in [false, true] {
                var ends: [CInt] = [-1, -1]
                #expect(pipe(&ends) == 0)
                if isFull {
                    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
                    let bytes = [UInt8](repeating: 0, count: 4_096)
                    while write(ends[1], bytes, bytes.count) > 0 {}
                    _ = fcntl(ends[1], F_SETFL, 0)
                } else {
                    close(ends[0])
                }
                let originalStandardError = dup(STDERR_FILENO)
                dup2(ends[1], STDERR_FILENO)
                let client = try fixture.client { $0.notify = UserNotices.standardError }
                let experiment = Hypero(client).battery("b").experiment()
                experiment.log(epoch: -1, train: 1)
                #expect(client.counters.dropped.invalid == 1)
                _ = client.close(timeout: .milliseconds(20))
                dup2(originalStandardError, STDERR_FILENO)
            }
        }
    }

    @Test(arguments: ["exit", "_exit", "abort"])
    func `A process that exits without close leaves every event in the journal`(exitFunction: String) async throws {
        let fixture = try ClientFixture()
        let path: String = fixture.folder.file("journal")
        let expected: ExitTest.Condition = exitFunction == "abort" ? .signal(SIGABRT) : .exitCode(7)
        await #expect(processExitsWith: expected) {
            [path = path as String, exitFunction = exitFunction as String] in
            var configuration = Client.Configuration(url: ClientFixture.unreachableURL)
            configuration.environment = { $0 == "HYPERO_JOURNAL" ? path : nil }
            configuration.notify = { _ in }
            let experiment = Hypero(try Client(configuration)).battery("b").experiment()
            for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
            switch exitFunction {
            case "exit": exit(7)
            case "_exit": _exit(7)
            default: abort()
            }
        }
        let name = try #require(fixture.journals.first)
        let root = try JournalRoot(existing: path, environment: { _ in nil })
        guard
            case .opened(let orphan) = OrphanedJournal.openUnlocked(
                name, in: root, machine: .current, where: { _ in true })
        else {
            throw TestFailure("the journal was not adopted")
        }
        // The last one is the end as lost.
        #expect(orphan.scan.seqs == 1...1_003)
        #expect(orphan.scan.damaged == 0)
    }

    /// A counter that signal handlers can increment.
    final class SignalCounter: Sendable {
        private let value = Atomic<Int>(0)
        var count: Int { value.load(ordering: .relaxed) }
        func increment() { value.wrappingAdd(1, ordering: .relaxed) }
    }
    static let handledSignals = SignalCounter()
}
