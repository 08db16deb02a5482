import Foundation
import TestSupport

/// Makes things go wrong, one after the other and sometimes two at once; what it does is drawn from a seed.
final class Nemesis {
    let stage: Stage
    private let faults: [Fault]
    private var random: SeededGenerator
    private(set) var counts: [Fault: Int] = [:]
    /// What it did when.
    private(set) var log: [String] = []
    private let begun = ContinuousClock.now
    private var lastSaid = ContinuousClock.now

    init(_ stage: Stage, faults: [Fault], seed: UInt64) {
        self.stage = stage
        self.faults = faults
        random = SeededGenerator(seed: seed)
    }

    var total: Int { counts.values.reduce(0, +) }

    /// One fault, with all that belongs to it, and a moment of peace.
    func strike() throws {
        let fault = random.pick(faults)
        note(fault)
        try perform(fault)
        try hold(milliseconds: 100...1_500, isQuiet: true)
    }

    /// Lets time pass while the fault lasts; now and then something is killed meanwhile.
    ///
    /// - Parameter isQuiet: nothing is killed.
    func hold(milliseconds range: ClosedRange<Int>, isQuiet: Bool = false) throws {
        let duration = Int.random(in: range, using: &random)
        let end = ContinuousClock.now + .milliseconds(duration)
        let kills = [Fault.killTraining, .killIngest].filter(faults.contains)
        if !isQuiet, !kills.isEmpty, random.chance(30) {
            let fault = random.pick(kills)
            note(fault)
            usleep(UInt32(Int.random(in: 0...duration, using: &random) * 500))
            try perform(fault)
        }
        repeat {
            try stage.fleet.tend()
            guard !stage.ingests.hasCrashed else { throw TestFailure("an ingest has ended by itself") }
            report()
            usleep(20_000)
        } while ContinuousClock.now < end
    }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func killTraining() { stage.fleet.killOne(&random) }

    private func note(_ fault: Fault) {
        counts[fault, default: 0] += 1
        log.append("\(ContinuousClock.now - begun) \(fault.rawValue)")
    }

    private func report() {
        guard ContinuousClock.now - lastSaid > .seconds(10) else { return }
        lastSaid = .now
        let seconds = (ContinuousClock.now - begun).components.seconds
        say(
            "\(seconds) s, \(total) faults, \(stage.fleet.started) trainings so far, "
                + "\(stage.clientProxy.traffic.requests) commands of theirs, \(stage.journals.count) journals")
    }
}
