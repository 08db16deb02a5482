import HyperoSchema
import TestSupport

@testable import HyperoIngest

/// Workers that claim, run, lose and end the trials of one search, with a simulated clock.
///
/// Of the processes with a trial, 15 % die, and 5 % sleep past their lease and go on. A worker whose process dies begins another
/// one. Claims and starts are sometimes sent twice.
struct SearchSimulation {
    private struct Process {
        let worker: Int
        let producer: String
        /// The trial that it runs.
        var grant: (trial: Int, attempt: Int, token: Event.Origin)?
    }

    private enum Step {
        case claim(Process)
        case read(Process, Event.Origin)
        case finish(Process)
    }

    static let trials = 200
    private static let workers = 8

    private(set) var fixture: SearchFixture
    private var random: SeededGenerator
    /// The steps to come. The first one is that of the earliest time.
    private var steps: [(time: Int64, step: Step)] = []
    /// The events that are not folded yet.
    private var pending: [(time: Int64, event: Event)] = []
    private var lives = 0

    private(set) var deaths = 0
    private(set) var sentEnds = 0
    /// The number of those that state their attempt.
    private(set) var statedEnds = 0
    /// The number of processes that have started each trial.
    private(set) var starts: [Int: Int] = [:]
    /// The attempts that were granted, by trial.
    private(set) var attempts: [Int: [Int]] = [:]
    /// The trials that got each enqueued point.
    private(set) var trialsOfPoints: [String: Set<Int>] = [:]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        fixture = SearchFixture(trials: Self.trials, attempts: 3, cached: seed % 2 == 0)
        for worker in 0..<Self.workers {
            for point in 0..<20 { send(SearchFixture.point(["lr": "\(point)"]), at: 1_000) }
            steps.append((1_001, .claim(process(of: worker))))
        }
        var now: Int64 = 0
        while let index = steps.indices.min(by: { steps[$0].time < steps[$1].time }) {
            let (time, step) = steps.remove(at: index)
            now = max(now, time)
            perform(step, at: now)
        }
        fold()
    }

    private mutating func process(of worker: Int) -> Process {
        lives += 1
        return Process(worker: worker, producer: "w\(worker)x\(lives)")
    }

    private mutating func send(_ event: Event, at time: Int64) {
        pending.append((time, event))
        if event.origin != nil, Int.random(in: 0..<20, using: &random) == 0 { pending.append((time, event)) }
    }

    /// Folds all pending events, in batches of any size.
    private mutating func fold() {
        while !pending.isEmpty {
            let count = Int.random(in: 1...pending.count, using: &random)
            fixture.store.add(fixture.batch(Array(pending.prefix(count))))
            pending.removeFirst(count)
        }
    }

    private mutating func perform(_ step: Step, at now: Int64) {
        switch step {
        case .claim(let process):
            let claim = fixture.numbered(SearchFixture.claim(), by: process.producer)
            send(claim, at: now)
            steps.append((now + 2, .read(process, claim.origin!)))
        case .read(let process, let token):
            fold()
            read(process, token, at: now)
        case .finish(let process):
            guard let (trial, attempt, _) = process.grant else { return }
            for epoch in 1...2 {
                send(fixture.numbered(SearchFixture.row(trial, epoch, "0.\(epoch)"), by: process.producer), at: now)
            }
            let known = Bool.random(using: &random) ? attempt : nil
            send(fixture.numbered(SearchFixture.end(trial, attempt: known), by: process.producer), at: now)
            sentEnds += 1
            if known != nil { statedEnds += 1 }
            steps.append((now + 1, .claim(Process(worker: process.worker, producer: process.producer))))
        }
    }

    private mutating func read(_ process: Process, _ token: Event.Origin, at now: Int64) {
        var process = process
        guard let grant = fixture.grant(of: token) else {
            let none = fixture.producer(process.producer)["none." + SearchFixture.id.text]?.split(separator: " ")
            guard let none, none[0] == String(token.seq), none[1] != "0" else { return }
            steps.append((now + SearchFixture.lease / 4, .claim(process)))
            return
        }
        let words = grant.split(separator: " ", maxSplits: 2)
        let (trial, attempt) = (Int(words[0])!, Int(words[1])!)
        attempts[trial, default: []].append(attempt)
        if words.count > 2 { trialsOfPoints[String(words[2]), default: []].insert(trial) }
        process.grant = (trial, attempt, token)
        let fate = Double.random(in: 0..<1, using: &random)
        let dies = fate < 0.15
        // A process may die before its first event.
        if !dies || Bool.random(using: &random) {
            starts[trial, default: 0] += 1
            send(fixture.numbered(SearchFixture.start(trial, attempt, token: token), by: process.producer), at: now)
        }
        if dies {
            deaths += 1
            steps.append((now + 100, .claim(self.process(of: process.worker))))
        } else {
            let duration = fate < 0.2 ? SearchFixture.lease * 2 : Int64.random(in: 100...2_000, using: &random)
            steps.append((now + duration, .finish(process)))
        }
    }
}
