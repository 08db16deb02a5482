package import HyperoCore
import HyperoSchema
import HyperoSearch
import Synchronization

/// A search for good hyper-parameters: a number of trials that any number of processes share.
///
/// ```swift
/// let search = battery.search(trials: 200, stopping: .halving(epochs: 81))
/// for experiment in search {
///     let lr = experiment.logUniform("lr", 1e-5, 0.1)
///     for epoch in 1...81 {
///         experiment.log(epoch: epoch, ["loss": train(lr)])
///         if experiment.shouldStop { break }
///     }
/// }
/// ```
///
/// Every process makes the same search, by the same battery, name and seed. Each trial from 1 to `trials` is given to one of them. If that
/// process is lost (killed, or silent for the `lease`), another one gets the trial again with the same hyper-parameters and the next
/// ``Experiment/attempt``. The loop waits for the ingest, which gives the trials out: `hypero-ingest` must run for a training to start. It need
/// not run for a training to go on.
///
/// The loop ends the experiment of each round: as `done`, or as `stopped` if the training has read ``Experiment/shouldStop``. A training that
/// fails calls ``Experiment/fail(_:)``. An experiment of a round that was left by `break` or an error ends as `stopped`.
///
/// Created by ``Battery/search(trials:seed:name:sampler:stopping:attempts:lease:)``. Safe to use from any thread: each thread that loops over
/// the search gets trials of its own.
public final class Search: Sendable {
    /// The id of the search in Redis, for example `s3f09c1aa`. The experiment of its first trial is `s3f09c1aa-1`.
    public let id: String

    let searchID: SearchID
    let battery: BatteryHandle
    let client: Client
    let declaration: Event.Search
    let sampler: Sampler
    /// false if the declaration is outside the limits of the contract, or its partition has no client: the search has no trial.
    let isValid: Bool
    /// The ``Journal/generation`` whose producer has declared the search.
    private let declaredGeneration = Atomic<UInt32>(.max)
    private let isOver = Atomic<Bool>(false)
    private let hasReported = Atomic<UInt8>(0)
    /// true once this process has got a trial.
    private let hasStarted = Atomic<Bool>(false)
    /// The knowledge of the process of one generation of the journal. A forked child begins without: another thread of its parent may have
    /// been changing the parent's. Protected by the journal's lock.
    private nonisolated(unsafe) var box: SearchKnowledge.Box

    init(_ declaration: Event.Search, sampler: Sampler, of battery: BatteryHandle, client: Client) {
        id = declaration.id.text
        searchID = declaration.id
        self.declaration = declaration
        self.sampler = sampler
        // A handle of its own: another client may log to the partition of the search.
        self.battery = BatteryHandle(copyOf: battery)
        var violation = Event.Body.search(declaration).violation
        do {
            self.client = try client.client(of: declaration.id)
        } catch {
            self.client = client
            violation = error.description
        }
        box = SearchKnowledge.Box(battery.declaration.direction, generation: self.client.journal.generation)
        isValid = battery.isValid && violation == nil
        if let violation { client.report("search not recorded: '\(printable(declaration.name))'", because: violation) }
    }

    /// true once all trials are given out and none of them can be given again.
    public var isFinished: Bool { isOver.load(ordering: .acquiring) }

    /// Declares the search before its first trial, for example in a program that sets up what others run: queries show it from then on.
    ///
    /// The first claim of a trial and the first point declare it too.
    public func declare() {
        _ = recordDeclaration()
    }

    /// Declares the search.
    ///
    /// - Returns: false if the declaration is dropped. It is then counted.
    package func recordDeclaration() -> Bool {
        guard isValid else {
            client.journal.countInvalid()
            return false
        }
        return declareOnce()
    }

    /// Adds hyper-parameters that one of the next trials gets, for example the defaults or the best ones known.
    ///
    /// ```swift
    /// search.enqueue(["lr": 0.003, "depth": 2])
    /// ```
    ///
    /// A repeat of an earlier point is dropped, so that every process may enqueue the same list. Hyper-parameters without a value in the
    /// point are drawn. So is one whose distribution cannot draw the value. The metadata `not used: <name>` then has
    /// the value. It also has the value of a name that a training has not asked for, although it has asked for others.
    ///
    /// - Parameter point: The values by name, at least one. A search has at most 1,000 points, of 1 MiB in all.
    public func enqueue(_ point: [String: any ValueConvertible]) {
        _ = record(point: point.mapValues(\.hyperoValue))
    }

    /// Adds a point.
    ///
    /// - Returns: false if it is dropped. It is then counted.
    package func record(point: [String: Value]) -> Bool {
        let entries = point.sorted { $0.key < $1.key }.map { Event.Entry(name: $0.key, value: $0.value.text) }
        guard isValid, declareOnce(), !entries.isEmpty else {
            client.journal.countInvalid()
            return false
        }
        let body = Event.Body.enqueue(searchID, entries)
        if let violation = body.violation {
            client.reject("point of the search \(id) not recorded", because: violation)
            return false
        }
        return client.record(body, of: battery)
    }

    /// Waits for the next trial, and starts it.
    ///
    /// - Parameter timeout: The longest wait; zero to ask without waiting. A claim that has no answer yet is kept for the next call.
    /// - Returns: The trial, which the caller ends by ``Experiment/finish()``; nil if there is none before the timeout, or if none is left
    ///   for this process.
    public func next(timeout: Duration) -> Experiment? {
        guard case .trial(let experiment) = next(until: .now + timeout) else { return nil }
        return experiment
    }

    /// Declares the search in the partition, once per process.
    private func declareOnce() -> Bool {
        let generation = client.journal.generation
        guard declaredGeneration.load(ordering: .acquiring) != generation else { return true }
        // The battery precedes its search, and the search its claims and points.
        guard client.record(.battery(battery.declaration), of: battery),
            client.record(.search(declaration), of: battery)
        else { return false }
        battery.setDeclared(in: generation)
        declaredGeneration.store(generation, ordering: .releasing)
        return true
    }
}

// The wait for a trial.
extension Search {
    /// The result of a wait for a trial.
    package enum Outcome {
        case trial(Experiment)
        /// No trial is left for this process.
        case end
        /// There is none before the deadline.
        case timeout
    }

    /// Waits for the next trial, in one call or in several ones, between which the caller may act.
    ///
    /// The wait ends once all numbers are given out and no process that is lost may have one. So it waits for a lease, because others are
    /// still at work.
    package func next(until deadline: MonotonicTime?) -> Outcome {
        guard isValid else { return .end }
        let lease = Duration.milliseconds(declaration.lease)
        while !isFinished, !client.journal.isClosed {
            guard pause(until: knowledge { $0.pacing.next }, deadline) else { break }
            guard let claim = takeClaim() else {
                reportFull()
                knowledge { $0.pacing.delay(lease: lease) }
                continue
            }
            guard let outcome = wait(for: claim, until: deadline) else {
                knowledge { if claim.generation == client.journal.generation { $0.claims.append(claim) } }
                break
            }
            switch outcome {
            case .granted(let grant):
                knowledge { $0.pacing.begin() }
                return .trial(start(grant))
            case .lost(let reason):
                // A server that has lost its data does not know the search any more.
                declaredGeneration.store(.max, ordering: .releasing)
                guard let reason else {
                    knowledge { $0.pacing.delay(lease: lease) }
                    break
                }
                guard knowledge({ $0.pacing.delayOrEndAfterLoss(lease: lease) }) else { break }
                report(1, "search \(id) ended: the claim of a trial was not applied, \(reason)")
                return .end
            case .refused(let reason):
                report(1, "search \(id) ended: the claim of a trial was not applied, \(reason)")
                return .end
            case .none(open: 0):
                isOver.store(true, ordering: .releasing)
                guard !hasStarted.load(ordering: .relaxed) else { break }
                report(
                    16,
                    "search \(id): all its trials have ended, and this process got none. For further ones, raise the number of trials, or "
                        + "choose another seed or name")
            case .none(let open):
                let (isEnd, isLong) = knowledge { ($0.pacing.delayOrEnd(lease: lease), $0.pacing.isLong) }
                if isLong {
                    report(
                        32,
                        "search \(id): all trials are given out. The loop waits for the \(open) that other processes run, at most "
                            + "\((lease + lease / 8).components.seconds + 1) s, because it takes over one whose process is lost"
                    )
                }
                guard isEnd else { break }
                report(
                    2,
                    "search \(id): all trials are given out, and other processes run \(open) of them. A trial whose process is lost "
                        + "is given to the next process that runs the search")
                return .end
            }
        }
        return isFinished || client.journal.isClosed ? .end : .timeout
    }

    /// Pauses.
    ///
    /// - Returns: false if the deadline comes before the time, after a pause until the deadline, or if the client is closed.
    private func pause(until time: MonotonicTime, _ deadline: MonotonicTime?) -> Bool {
        guard time > .now else { return true }
        let end = deadline.map { Swift.min(time, $0) } ?? time
        return !Polling.poll(until: end) { client.journal.isClosed } && end == time
    }

    /// Waits for the answer to a claim.
    ///
    /// - Returns: nil at the deadline, or if the client is closed.
    private func wait(for claim: Claim, until deadline: MonotonicTime?) -> Claim.Outcome? {
        while true {
            if let outcome = client.board.takeOutcome(of: claim) { return outcome }
            let now = MonotonicTime.now
            if let deadline, now >= deadline { return nil }
            guard !client.journal.isClosed else { return nil }
            if now >= claim.time + Self.patience {
                report(
                    4,
                    "search \(id) waits for a trial: no answer for \(Self.patience.components.seconds) s. Redis and hypero-ingest must "
                        + "run: `hypero-query status` shows whether they do")
            }
            _ = Polling.poll(until: Swift.min(deadline ?? MonotonicTime(nanoseconds: .max), now + .milliseconds(100))) {
                client.board.isAnswered(claim) || client.journal.isClosed
            }
        }
    }

    private static var patience: Duration { .seconds(10) }

    /// Returns a claim that was made before and has no caller that waits for it, or a new one; nil if the journal is full.
    private func takeClaim() -> Claim? {
        guard declareOnce() else { return nil }
        let (kept, lastEntry) = knowledge { ($0.claims.popLast(), $0.lastEntry) }
        // A trial that was granted and not started for a lease is lost.
        if let kept, MonotonicTime.now < kept.time + .milliseconds(declaration.lease) || !client.board.isAnswered(kept)
        {
            return kept
        }
        let claim = client.board.addClaim(of: declaration, in: battery.id, after: lastEntry)
        guard client.record(.claim(searchID), of: battery, number: claim.number) else {
            client.board.remove(claim)
            return nil
        }
        return claim
    }

    private func reportFull() {
        guard !client.journal.isClosed else { return }
        report(
            8,
            "search \(id) waits for a trial: the journal has no place for the claim until events are sent. Redis must run: "
                + "`hypero-query status` shows whether it does")
    }

    private func start(_ grant: TrialGrant) -> Experiment {
        hasStarted.store(true, ordering: .relaxed)
        let fixed = grant.fixedValues
        let point = grant.point == nil ? nil : PointNames(grant.newNames, of: self)
        let experiment = searchID.experiment(ofTrial: grant.number).text
        let trial = Trial(
            number: grant.number, id: experiment, attempt: grant.attempt, lastEpoch: grant.lastEpoch,
            signal: StopSignal(
                experiment: experiment, isStoppable: grant.isStoppable ?? (declaration.stopping != nil)))
        var asof: String?
        let source: ParameterSource
        switch grant.sampler ?? sampler {
        case .random:
            source = ParameterSource(seed: declaration.seed, number: UInt64(grant.number), fixed: fixed, point: point)
        case .tpe:
            let (history, last) = knowledge { knowledge in
                knowledge.record(grant)
                return (knowledge.history, knowledge.lastEntry)
            }
            asof = last
            source = ParameterSource(
                TPESampler(seed: declaration.seed, trial: UInt64(grant.number), history: history), fixed: fixed,
                point: point)
        }
        return Experiment(
            trial, grant, of: battery, client: client, seed: declaration.seed, asof: asof, source: source)
    }

    /// Runs a body with what this process knows.
    private func knowledge<Result>(_ body: (inout SearchKnowledge) -> Result) -> Result {
        let current = client.journal.withLock {
            let generation = client.journal.generation
            if box.generation != generation {
                box = SearchKnowledge.Box(battery.declaration.direction, generation: generation)
            }
            return box
        }
        return current.knowledge.withLock { body(&$0) }
    }

    /// Starts a trial that no ingest has given. See ``Rehearsal``.
    func rehearse() {
        let token = Event.Origin(producer: client.producer, seq: 1)
        for number in 1...12 {
            guard var grant = TrialGrant("\(number) 1 {\"b\":1}", token: token) else { return }
            let id = StreamID(milliseconds: UInt64(number), sequence: 0)
            let fields = [
                (TrialField.trial, "\(number)"), (TrialField.status, "done"), (TrialField.value, "1"),
                (Prefix.param + "a", "0.5"),
            ]
            grant.spaces = [ExactText("a"): "uniform 0.0 1.0"]
            grant.history = [(id, fields)]
            grant.lastEntry = id.description
            let experiment = start(grant)
            _ = experiment.uniform("a", 0, 1)
            _ = experiment.randint("b", 1, 2)
            if !experiment.shouldStop { experiment.finish() }
        }
    }

    /// Reports the names of a point that its training has not asked for.
    func reportUnasked(_ names: [String], of experiment: String) {
        report(
            64,
            "point of the search \(id): the training of \(experiment) did not ask for "
                + names.map { "'\(printable($0))'" }.joined(separator: ", ")
                + ", so that the point's value is not used. Check the name"
        )
    }

    /// Reports something once.
    private func report(_ kind: UInt8, _ message: @autoclosure () -> String) {
        let before = hasReported.bitwiseOr(kind, ordering: .relaxed).oldValue
        if before & kind == 0 { client.notify(message()) }
    }
}
