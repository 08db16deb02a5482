import Glibc
import HyperoRedis
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// Counts and never times, each in a process of its own.
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

    @Test("It makes no system call", .enabled(if: !Sanitizer.isOn, "a sanitizer makes its own"))
    func systemCalls() async {
        await #expect(processExitsWith: .success) {
            let bench = try ClientBench()
            let client = try bench.client()
            let experiment = Hypero(client).battery("b").experiment()
            let row = CallCostTests.row
            // Loads what is loaded with the first call.
            CallCostTests.logEachWay(experiment, epoch: 0)
            CallCostTests.logNamed(experiment, epoch: 0, row)
            try client.waitUntilPrepared()
            try ConfinedThread.run {
                for epoch in 1...1_000 {
                    CallCostTests.logEachWay(experiment, epoch: epoch)
                    CallCostTests.logNamed(experiment, epoch: epoch, row)
                }
            }
            #expect(client.counters.accepted == 2 + 1_001 * 5)
        }
    }

    @Test("A system call would be seen", .enabled(if: !Sanitizer.isOn, "a sanitizer makes its own"))
    func confinement() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try ConfinedThread.run { _ = getppid() }
        }
    }
}

extension Client {
    /// Waits until the sender has made the next segment, and looks for nothing under the callers' lock any more.
    fileprivate func waitUntilPrepared() throws {
        guard eventually({ journal.signs.load(ordering: .acquiring) == 0 }) else {
            throw TestFailure("the sender prepares nothing")
        }
    }
}

/// Whether the tests are built with ThreadSanitizer or AddressSanitizer.
private enum Sanitizer {
    static let isOn = dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil
}
