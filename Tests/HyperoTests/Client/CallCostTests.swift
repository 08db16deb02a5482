import CAllocationCount
import Glibc
import HyperoRedis
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// Counts and never times.
///
/// Redis is not there, and a call is made when the sender has prepared all it can: it then takes no lock, so nothing
/// depends on when it runs.
@Suite("A log call is nothing but a copy", .serialized)
struct CallCostTests {
    /// What promises it, and how many calls that is.
    private static func logEachWay(_ experiment: Experiment, epoch: Int) {
        experiment.log(epoch: epoch, train: 1, valid: 0.5, test: 0.25)
        experiment.log(epoch: epoch, valid: .nan)
        experiment.updateMaxima(train: 1, valid: 0.5, test: 0.25, epoch: epoch)
    }

    private static func logNamed(_ experiment: Experiment, epoch: Int, _ row: KeyValuePairs<String, Double>) {
        experiment.log(epoch: epoch, row)
        experiment.updateMaxima(epoch: epoch, row)
    }

    /// A row of short and long names.
    private static let row: KeyValuePairs = ["loss": 0.5, "a channel of more bytes than a word has": 1]

    /// A client whose next call finds all prepared, and what was loaded with the first ones.
    private static func prepared(_ bench: ClientFixture) throws -> (client: Client, experiment: Experiment) {
        let client = try bench.client()
        let experiment = Hypero(client).battery("b").experiment()
        logEachWay(experiment, epoch: 0)
        logNamed(experiment, epoch: 0, row)
        try client.waitUntilPrepared()
        return (client, experiment)
    }

    /// 5,000 calls, of half a segment.
    private static func logMany(_ experiment: Experiment) {
        let row = row
        for epoch in 1...1_000 {
            logEachWay(experiment, epoch: epoch)
            logNamed(experiment, epoch: epoch, row)
        }
    }

    @Test("It makes no system call", .enabled(if: !Sanitizer.isOn, "a sanitizer makes its own"))
    func systemCalls() async {
        await #expect(processExitsWith: .success) {
            let bench = try ClientFixture()
            let (client, experiment) = try CallCostTests.prepared(bench)
            try ConfinedThread.run { CallCostTests.logMany(experiment) }
            #expect(client.counters.accepted == 2 + 1_001 * 5)
        }
    }

    @Test("A system call would be seen", .enabled(if: !Sanitizer.isOn, "a sanitizer makes its own"))
    func confinement() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try ConfinedThread.run { _ = getppid() }
        }
    }

    @Test("It allocates nothing", .enabled(if: !Sanitizer.isOn, "a sanitizer has an allocator of its own"))
    func allocations() throws {
        let bench = try ClientFixture()
        let (client, experiment) = try Self.prepared(bench)
        let before = allocation_count()
        Self.logMany(experiment)
        let after = allocation_count()
        #expect(after == before)
        #expect(client.counters.accepted == 2 + 1_001 * 5)
    }

    @Test("An allocation would be seen", .enabled(if: !Sanitizer.isOn, "a sanitizer has an allocator of its own"))
    func counting() {
        let before = allocation_count()
        UnsafeMutableRawPointer.allocate(byteCount: 1_000, alignment: 1).deallocate()
        let unaligned = allocation_count()
        UnsafeMutableRawPointer.allocate(byteCount: 1_000, alignment: 64).deallocate()
        let aligned = allocation_count()
        // A size that the compiler does not know.
        withExtendedLifetime([Int](repeating: 0, count: Int(before % 2) + 1_000)) {}
        let array = allocation_count()
        #expect(array > aligned && aligned > unaligned && unaligned > before)
    }

    @Test(
        "It finds its memory there: the page faults were taken ahead",
        .enabled(if: !Sanitizer.isOn, "a sanitizer has memory of its own beside it"))
    func pageFaults() throws {
        let bench = try ClientFixture()
        let (client, experiment) = try Self.prepared(bench)
        let before = Self.faults
        Self.logMany(experiment)
        let faults = Self.faults - before
        #expect(client.counters.accepted == 2 + 1_001 * 5)
        // Of the 100 pages and more that were written to. Not 0: the kernel may look at a page of its own accord.
        #expect(faults < 20)
    }

    /// Of this thread so far.
    private static var faults: Int {
        var usage = rusage()
        // RUSAGE_THREAD, which is there for those who define _GNU_SOURCE.
        getrusage(1, &usage)
        return usage.ru_minflt + usage.ru_majflt
    }
}

extension Client {
    /// Waits until the sender has made the next segment, and looks for nothing under the callers' lock any more.
    fileprivate func waitUntilPrepared() throws {
        guard eventually({ journal.flags.load(ordering: .acquiring) == 0 }) else {
            throw TestFailure("the sender prepares nothing")
        }
    }
}

/// Whether the tests are built with ThreadSanitizer or AddressSanitizer.
private enum Sanitizer {
    static let isOn = dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil
}
