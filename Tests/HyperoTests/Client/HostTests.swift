import Foundation
import HyperoCore
import Glibc
import HyperoRedis
import Synchronization
import TestSupport
import Testing

@testable import Hypero

// Each in a process of its own: what is done to the process would hit other tests.
@Suite("The process that logs is left alone", .serialized)
struct HostTests {
    @Test("A disk that is full, or a limit of file sizes: memory serves, one warning, and everything arrives")
    func fullDisk() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            // posix_fallocate fails with EFBIG and, but for the signal being blocked, SIGXFSZ ends the process.
            var limit = rlimit(rlim_cur: 256 << 10, rlim_max: rlim_t(bitPattern: -1))
            #expect(setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit) == 0)
            let client = try bench.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            for epoch in 0..<50_000 { experiment.log(epoch: epoch, train: 1) }
            #expect(client.close(timeout: .seconds(60)))
            #expect(client.counters.sent == 50_002)
            #expect(bench.board.sentences.count == 1)
            #expect(bench.board.count(containing: "Set HYPERO_JOURNAL") == 1)
        }
    }

    @Test("A storm of signals with handlers: nothing is lost, and every signal is the host's")
    func signals() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            // Without SA_RESTART, so that system calls are interrupted.
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in HostTests.handled.add(1) }
            #expect(sigaction(SIGUSR1, &action, nil) == 0)
            let client = try bench.client(server.url) { $0.segmentSize = 64 << 10 }
            let experiment = Hypero(client).battery("b").experiment()
            let worker = pthread_self()
            let crew = ThreadGroup(1) { _ in
                for _ in 0..<2_000 {
                    pthread_kill(worker, SIGUSR1)
                    kill(getpid(), SIGUSR1)
                    usleep(50)
                }
            }
            while crew.isWorking {
                for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
                _ = client.flush(until: .sent, deadline: .now + .milliseconds(1))
            }
            #expect(client.close(timeout: .seconds(60)))
            let counters = client.counters
            #expect(counters.sent == counters.accepted)
            #expect(try server.entries().count == Int(counters.accepted))
            #expect(counters.dropped.total == 0)
            #expect(HostTests.handled.count > 0)
            // A handler never runs on the sender's thread, and SIGPIPE never reaches the process.
            #expect(bench.board.sentences == [])
        }
    }

    @Test("Redis closes the connection in the middle of a write: no SIGPIPE")
    func brokenPipe() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            let client = try bench.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            for round in 0..<30 {
                for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: Double(round)) }
                server.cli("CLIENT", "KILL", "TYPE", "normal")
            }
            #expect(client.close(timeout: .seconds(60)))
            #expect(Set(try server.seqs()).count == 90_002)
        }
    }

    @Test("Standard error is a pipe that nobody reads, or that is full: a refused call neither kills nor waits")
    func standardError() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let bench = try ClientFixture()
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
                let before = dup(STDERR_FILENO)
                dup2(ends[1], STDERR_FILENO)
                let client = try bench.client { $0.notify = UserNotices.standardError }
                let experiment = Hypero(client).battery("b").experiment()
                experiment.log(epoch: -1, train: 1)
                #expect(client.counters.dropped.invalid == 1)
                _ = client.close(timeout: .milliseconds(20))
                dup2(before, STDERR_FILENO)
            }
        }
    }

    @Test("A process that exits without close leaves everything in the journal", arguments: ["exit", "_exit", "abort"])
    func exitsWithoutClose(how: String) async throws {
        let bench = try ClientFixture()
        let place: String = bench.folder.file("journal")
        let expected: ExitTest.Condition = how == "abort" ? .signal(SIGABRT) : .exitCode(7)
        await #expect(processExitsWith: expected) { [place = place as String, how = how as String] in
            var configuration = Client.Configuration(url: ClientFixture.nowhere)
            configuration.environment = { $0 == "HYPERO_JOURNAL" ? place : nil }
            configuration.notify = { _ in }
            let experiment = Hypero(try Client(configuration)).battery("b").experiment()
            for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
            switch how {
            case "exit": exit(7)
            case "_exit": _exit(7)
            default: abort()
            }
        }
        let name = try #require(bench.journals.first)
        let root = try JournalRoot(existing: place, environment: { _ in nil })
        guard case .opened(let left) = OrphanedJournal.open(name, in: root, machine: .current, where: { _ in true })
        else {
            throw TestFailure("it cannot be taken")
        }
        #expect(left.scan.seqs == 1...1_002)
        #expect(left.scan.damaged == 0)
    }

    /// Counts in a signal handler.
    final class Handled: Sendable {
        private let handled = Atomic<Int>(0)
        var count: Int { handled.load(ordering: .relaxed) }
        func add(_ number: Int) { handled.wrappingAdd(number, ordering: .relaxed) }
    }
    static let handled = Handled()
}
