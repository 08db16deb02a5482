import Foundation
import TestSupport

/// A fault injector, named after the nemesis of Jepsen.
///
/// Injects random faults one after another. While a fault lasts, a process may be killed as a second fault. The seed
/// determines the faults and their durations.
final class Nemesis {
    let testbed: Testbed
    /// The observer of a hostile server's effect on memory; nil while no server is hostile.
    var memoryWatch: MemoryWatch?
    private let faults: [Fault]
    var random: SeededGenerator
    private(set) var counts: [Fault: Int] = [:]
    /// The time and name of each fault.
    private(set) var log: [String] = []
    let start = ContinuousClock.now
    private var lastReport = ContinuousClock.now

    init(_ testbed: Testbed, faults: [Fault], seed: UInt64) {
        self.testbed = testbed
        self.faults = faults
        random = SeededGenerator(seed: seed)
    }

    var faultCount: Int { counts.values.reduce(0, +) }

    /// Injects one fault, removes it, and waits a moment.
    func injectFault() throws {
        let fault = random.pick(faults)
        record(fault)
        try perform(fault)
        try wait(milliseconds: 100...1_500, killing: false)
    }

    /// Waits for a random duration, and replaces ended trainings during the wait.
    ///
    /// - Parameters:
    ///   - range: the range of the duration.
    ///   - killing: true if a training or an ingest may be killed during the wait.
    func wait(milliseconds range: ClosedRange<Int>, killing: Bool = true) throws {
        let duration = Int.random(in: range, using: &random)
        let end = ContinuousClock.now + .milliseconds(duration)
        let kills = [Fault.killTraining, .killIngest].filter(faults.contains)
        if killing, !kills.isEmpty, random.chance(30) {
            let fault = random.pick(kills)
            record(fault)
            usleep(UInt32(Int.random(in: 0...duration, using: &random) * 500))
            try perform(fault)
        }
        repeat {
            try testbed.fleet.replaceEnded()
            if let crash = testbed.ingests.crash { throw TestFailure(crash) }
            report()
            memoryWatch?.look()
            usleep(20_000)
        } while ContinuousClock.now < end
    }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func killTraining() { testbed.fleet.killOne(using: &random) }

    private func record(_ fault: Fault) {
        counts[fault, default: 0] += 1
        log.append("\(ContinuousClock.now - start) \(fault.rawValue)")
    }

    /// Prints the counts every ten seconds.
    private func report() {
        guard ContinuousClock.now - lastReport > .seconds(10) else { return }
        lastReport = .now
        let seconds = (ContinuousClock.now - start).components.seconds
        printProgress(
            "\(seconds) s, \(faultCount) faults, \(testbed.fleet.startedCount) trainings, "
                + "\(testbed.clientProxy.traffic.requests) commands of trainings, \(testbed.journals.count) journals")
    }
}
