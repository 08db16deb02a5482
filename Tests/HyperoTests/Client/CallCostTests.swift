import CAllocationCount
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
