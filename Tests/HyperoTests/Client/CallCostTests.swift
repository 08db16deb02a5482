import CCallCount
import Foundation
import Glibc
import HyperoRedis
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// Tests that count the costs of a log call, and never measure time.
///
/// Redis is unreachable, and the calls begin when the sender has prepared the next segment. The sender then acquires no
/// lock, so the counts do not depend on its scheduling.
@Suite("The cost of a log call", .serialized)
struct CallCostTests {
    /// Makes three log calls, which must cost only a copy.
    private static func logEachWay(_ experiment: Experiment, epoch: Int) {
        experiment.log(epoch: epoch, train: 1, valid: 0.5, test: 0.25)
        experiment.log(epoch: epoch, valid: .nan)
        experiment.updateMaxima(train: 1, valid: 0.5, test: 0.25, epoch: epoch)
    }

    /// Makes two log calls with named channels, which must cost only a copy.
    private static func logNamed(_ experiment: Experiment, epoch: Int, row: KeyValuePairs<String, Double>) {
        experiment.log(epoch: epoch, row)
        experiment.updateMaxima(epoch: epoch, row)
    }

    /// A row with a short and a long channel name.
    private static let row: KeyValuePairs = ["loss": 0.5, "a channel of more bytes than a word has": 1]

    /// Returns a client with a prepared segment, after the first calls have completed all lazy initialization.
    private static func preparedClient(of fixture: ClientFixture) throws -> (client: Client, experiment: Experiment) {
        let client = try fixture.client()
        let experiment = Hypero(client).battery("b").experiment()
        logEachWay(experiment, epoch: 0)
        logNamed(experiment, epoch: 0, row: row)
        try client.waitUntilPrepared()
        return (client, experiment)
    }

    /// Makes 5,000 log calls, which fill half a segment.
    private static func logMany(_ experiment: Experiment) {
        let row = row
        for epoch in 1...1_000 {
            logEachWay(experiment, epoch: epoch)
            logNamed(experiment, epoch: epoch, row: row)
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer makes system calls"))
    func `A log call makes no system call`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let (client, experiment) = try CallCostTests.preparedClient(of: fixture)
            try ConfinedThread.run { CallCostTests.logMany(experiment) }
            #expect(client.counters.accepted == 2 + 1_001 * 5)
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer makes system calls"))
    func `A system call on a confined thread kills the process`() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try ConfinedThread.run { _ = getppid() }
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer replaces the allocator"))
    func `A log call allocates no memory`() throws {
        let fixture = try ClientFixture()
        let (client, experiment) = try Self.preparedClient(of: fixture)
        let before = allocation_count()
        Self.logMany(experiment)
        let after = allocation_count()
        #expect(after == before)
        #expect(client.counters.accepted == 2 + 1_001 * 5)
    }

    /// Makes one call of each kind.
    private static func logEachKind(to hypero: Hypero) {
        let experiment = hypero.battery("b", description: "d").experiment()
        _ = experiment.uniform("a", 0, 1)
        _ = experiment.logUniform("b", 1, 2)
        _ = experiment.normal("c", mean: 0, standardDeviation: 1)
        _ = experiment.randint("d", 1, 2)
        _ = experiment.categorical("e", ["f": 1, "g": 1])
        experiment.insertHP("h", 1.5)
        experiment.insertHP("i", 3)
        experiment.insertHP("j", "text")
        experiment.insertHP("k", true)
        experiment.insertVarHP("l", [1, 2])
        experiment.insertVarHP("m", ["text"])
        logEachWay(experiment, epoch: 1)
        logNamed(experiment, epoch: 1, row: ["loss": 1])
        experiment.updateLearningCurve(valid: [1, 2])
        experiment.updateLearningCurve(first: 3, ["loss": [1, 2]])
        experiment.updateName("text")
        experiment.updateMeta("epochs", 3)
        experiment.stop("text")
        experiment.fail("text")
        experiment.finish()
        _ = hypero.counters
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer replaces the locks"))
    func
        `The first log call of each kind uses no type for the first time, so that a fork meanwhile leaves no lock locked`()
        async
    {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let hypero = Hypero(try fixture.client())
            let start = lock_count()
            CallCostTests.logEachKind(to: hypero)
            let first = lock_count()
            CallCostTests.logEachKind(to: hypero)
            let second = lock_count()
            #expect(first - start == second - first, "\(first - start) locks, and \(second - first) afterwards")
            withExtendedLifetime([(Int8, UInt16)](repeating: (0, 0), count: Int(first % 2) + 10)) {}
            #expect(lock_count() > second, "the metadata of a new type needs a lock")
        }
    }

    @Test func `The first client of a process starts one thread`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let client = try fixture.client()
            func senders() throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count {
                    (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)) == "hypero-sender\n"
                }
            }
            #expect(try eventually { try senders() == 1 })
            Hypero(client).battery("b").experiment().finish()
            _ = client.close(timeout: .milliseconds(50))
            #expect(try eventually { try senders() == 0 })
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer replaces the allocator"))
    func `The allocation counter counts every kind of allocation`() {
        let before = allocation_count()
        UnsafeMutableRawPointer.allocate(byteCount: 1_000, alignment: 1).deallocate()
        let unaligned = allocation_count()
        UnsafeMutableRawPointer.allocate(byteCount: 1_000, alignment: 64).deallocate()
        let aligned = allocation_count()
        // The compiler cannot know this size and remove the allocation.
        withExtendedLifetime([Int](repeating: 0, count: Int(before % 2) + 1_000)) {}
        let array = allocation_count()
        #expect(array > aligned && aligned > unaligned && unaligned > before)
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer causes page faults"))
    func `A log call causes almost no page faults`() throws {
        let fixture = try ClientFixture()
        let (client, experiment) = try Self.preparedClient(of: fixture)
        let before = Self.faults
        Self.logMany(experiment)
        let faults = Self.faults - before
        #expect(client.counters.accepted == 2 + 1_001 * 5)
        // More than 100 pages were written. The bound is not 0, because the kernel may cause page faults of its own.
        #expect(faults < 20)
    }

    /// The page faults of this thread so far.
    private static var faults: Int {
        var usage = rusage()
        // RUSAGE_THREAD, which glibc declares only with _GNU_SOURCE.
        getrusage(1, &usage)
        return usage.ru_minflt + usage.ru_majflt
    }
}

extension Client {
    /// Waits until the sender has prepared the next segment and no longer acquires the lock of the log calls.
    fileprivate func waitUntilPrepared() throws {
        guard eventually({ journal.flags.load(ordering: .acquiring) == 0 }) else {
            throw TestFailure("the sender did not prepare a segment")
        }
    }
}
