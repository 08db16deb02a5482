import Glibc
package import HyperoCore
import HyperoRedis
import HyperoSchema

/// The experiments of a battery as they change.
///
///     let feed = ExperimentFeed(try Store("redis://localhost"), of: "digits mlp") { !isOver }
///     try feed.start()
///     while let update = try feed.next(until: .now + .seconds(1), wake: pipe) { … }
///
/// Redis pushes the events. After the ingest has applied some, the feed reads the rows of their experiments, at most four times per
/// second. Running experiments are read every few seconds as well, because signs of life and their absence are no events of them.
/// Used by one thread, as the store is.
package final class ExperimentFeed {
    /// A change of the battery.
    package enum Update: Sendable {
        /// Experiments that are new or that have changed.
        case changes(ExperimentChanges)
        /// The battery must be read as a whole, for a reason in words.
        case reload(String)
    }

    /// The latest events of an experiment or of the battery, which may not be applied yet.
    fileprivate struct Pending {
        let keyspace: Keyspace
        var event: StreamID?
        var control: StreamID?
        /// The battery; nil for a deletion that does not name it.
        var battery: BatteryID?
        /// True if an event was one of the learning curve.
        var hasRows = false
        /// The reason for which the battery must be read as a whole when the events are applied; nil for none.
        var reason: String?
    }

    private let store: Store
    private let name: String
    private let version: Int?
    private let shouldContinue: () -> Bool
    private let streams: EventStreams
    private var progress = WatchProgress()
    private var batteries: [StoredBattery] = []
    private var objective = ""
    private var pending: [String: Pending] = [:]
    /// The running experiments, with the text of their rows that was sent last.
    private var running: [String: (member: ScanMember, sent: [String?])] = [:]
    private var nextRunning = MonotonicTime.now + runningInterval
    private var nextProbe = MonotonicTime.now
    private var nextLocation = MonotonicTime.now + locationInterval
    /// The experiments that were found to be deleted.
    private var deleted: Set<String> = []
    /// The experiments whose changed learning curves were not read yet.
    private var owed: [ScanMember] = []
    private var nextCurves = MonotonicTime.now
    /// The batteries of the name that were declared since the batteries were read.
    private var declared: Set<BatteryID> = []

    /// The number of changed experiments above which the battery is read as a whole.
    package static let maxChanged = 500
    private static let deletion = "an experiment was deleted"
    private static let manyChanges = "many experiments have changed"
    /// The number of experiments with events that are not applied, which bounds the memory while the ingest does not run.
    private static let maxPending = 5_000
    /// The number of running experiments that are read without an event.
    private static let maxRunning = 500
    private static let maxSearched = 2_000
    private static let runningInterval: Duration = .seconds(10)
    private static let probeInterval: Duration = .seconds(1)
    private static let locationInterval: Duration = .seconds(30)
    private static let curvesInterval: Duration = .milliseconds(500)
    /// The number of experiments whose learning curves an update has.
    private static let maxCurves = 16

    /// - Parameters:
    ///   - store: a store that only the feed uses.
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil for all versions of the name.
    ///   - shouldContinue: returns false to end a wait or a connection attempt. Called on the thread of the feed.
    package init(
        _ store: Store, of name: String, version: Int? = nil, shouldContinue: @escaping () -> Bool = { true }
    ) {
        self.store = store
        self.name = name
        self.version = version
        self.shouldContinue = shouldContinue
        streams = EventStreams(store, shouldContinue: shouldContinue)
    }

    /// Finds the battery and the end of the streams, from which on changes are reported. Also after an error, in which case the streams
    /// are read on from where they were.
    ///
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist, and of the
    ///   other categories if Redis fails.
    package func start() throws(QueryError) {
        streams.close()
        try locate()
        try readBatteries()
        try readRunning()
    }

    /// Finds the partitions and the ends of their streams. Entries that the ingest has not applied yet are a reason to read the battery
    /// again later, because no event of them will be seen.
    private func locate() throws(QueryError) {
        let before = streams.partitions.map(\.keyspace)
        try streams.locate()
        if streams.partitions.map(\.keyspace) != before { progress = WatchProgress() }
        progress.setPartitions(streams.partitions.count)
        let cursors = try store.answer { () throws(QueryError) in
            try store.cursors(of: streams.partitions.map(\.keyspace))
        }
        for (partition, cursor) in zip(streams.partitions, cursors)
        where partition.events > cursor.events || partition.control > cursor.control {
            let reason = "the ingest has applied earlier events"
            pending["\(reason) \(partition.keyspace.tag)"] = Pending(
                keyspace: partition.keyspace, event: partition.events, control: partition.control, reason: reason)
        }
    }

    private func readBatteries() throws(QueryError) {
        var warnings: [String] = []
        let subject = try store.answer { () throws(QueryError) in
            try store.rankedBatteries(of: name, version: version, by: nil, order: .bestFirst, warnings: &warnings)
        }
        (batteries, objective, declared) = (subject.batteries, subject.channel, [])
    }

    /// Finds the running experiments among the newest ones.
    private func readRunning() throws(QueryError) {
        var warnings: [String] = []
        var searched = 0
        let scan = ExperimentScan(order: .newestFirst, fields: [], hasLiveness: true)
        try store.answer { () throws(QueryError) in
            (running, searched) = ([:], 0)
            try store.scan(batteries, scan, warnings: &warnings) { (experiments) throws(QueryError) in
                for experiment in experiments where [.running, .lost].contains(experiment.liveness?.status) {
                    if running.count < Self.maxRunning { running[experiment.experiment] = (experiment.member, []) }
                }
                searched += experiments.count
                return searched < Self.maxSearched ? .next : .stop
            }
        }
    }

    // MARK: - Waiting

    /// Waits for changes that the ingest has applied.
    ///
    /// - Parameters:
    ///   - end: the end of the wait.
    ///   - wake: a pipe by which another thread has `shouldContinue` asked at once.
    /// - Returns: the changes; nil if there were none.
    /// - Throws: ``QueryError`` if Redis fails. Call ``start()`` before the next wait then.
    package func next(until end: MonotonicTime, wake: WakePipe) throws(QueryError) -> Update? {
        repeat {
            if let update = try step(until: end, wake: wake) { return update }
        } while MonotonicTime.now < end && shouldContinue()
        return nil
    }

    private func step(until end: MonotonicTime, wake: WakePipe) throws(QueryError) -> Update? {
        if nextLocation <= .now {
            nextLocation = .now + Self.locationInterval
            let count = streams.partitions.count
            try streams.discover()
            progress.setPartitions(streams.partitions.count)
            if streams.partitions.count > count { return try reload("another partition is there") }
        }
        let (descriptors, deadline) = try streams.prepare(at: .now)
        var end = min(end, deadline, nextProbe, nextRunning)
        if let next = progress.nextCheck { end = min(end, next) }
        if !owed.isEmpty { end = min(end, nextCurves) }
        var polled = (descriptors + [wake.readEnd]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let count = poll(&polled, nfds_t(polled.count), max(end - .now, .zero).pollMilliseconds)
        let ready = count > 0 ? Set(polled.filter { $0.revents != 0 }.map(\.fd)) : []
        for event in try streams.receive(from: ready, at: .now) { receive(event) }
        let times = [progress.nextCheck, nextProbe, nextRunning, owed.isEmpty ? nil : nextCurves]
        guard times.contains(where: { $0.map { $0 <= .now } ?? false }) else { return nil }
        return try check()
    }

    private func receive(_ streamed: StreamedEvent) {
        guard let event = streamed.event, event.livingProducer == nil else { return }
        let battery = event.battery.flatMap { BatteryID($0) }
        let isKnown = battery.map { id in declared.contains(id) || batteries.contains { $0.id == id } }
        var reason: String?
        if let declaredName = event.declaredName {
            guard declaredName.hasSameBytes(as: name), isKnown == false, let battery,
                version == nil || version == event.declaredVersion
            else { return }
            declared.insert(battery)
            reason = "a version of the battery was declared"
        } else {
            guard isKnown ?? event.isCommand else { return }
            if event.experiment == nil { reason = "the battery was deleted" }
            if battery == nil { reason = event.isThinning ? "learning curves were thinned" : Self.deletion }
        }
        progress.received(
            streamed.id, isControl: streamed.isControl, in: streamed.partition, at: .now, clock: store.clock())
        let keyspace = streams.partitions[streamed.partition].keyspace
        let isKept = event.experiment.map { pending[$0] != nil || pending.count < Self.maxPending } ?? false
        if event.experiment != nil, !isKept, reason == nil { reason = Self.manyChanges }
        // A reason is no id of an experiment.
        let key = isKept ? event.experiment ?? "" : "\(reason ?? "") \(keyspace.tag)"
        var entry = pending[key] ?? Pending(keyspace: keyspace, battery: battery)
        if streamed.isControl { entry.control = streamed.id } else { entry.event = streamed.id }
        entry.hasRows = entry.hasRows || event.isCurveRow
        entry.reason = reason ?? entry.reason
        pending[key] = entry
    }

    // MARK: - Reading

    /// Reads the positions of the ingest, and the experiments whose events it has applied.
    private func check() throws(QueryError) -> Update? {
        let cursors = try store.answer { () throws(QueryError) in
            try store.cursors(of: streams.partitions.map(\.keyspace))
        }
        nextProbe = .now + Self.probeInterval
        guard !progress.isReplaced(by: cursors) else {
            (progress, pending) = (WatchProgress(), [:])
            try locate()
            return try reload("the data in Redis was replaced")
        }
        let start = MonotonicTime.now
        // It decides when the positions are read next. The result depends on the positions alone.
        _ = progress.check(cursors, at: start)
        let isRunningDue = nextRunning <= start
        if isRunningDue { nextRunning = start + Self.runningInterval }
        let positions = Dictionary(zip(streams.partitions.map(\.keyspace), cursors)) { first, _ in first }
        // Those of a partition that does not answer stay.
        let applied = pending.filter { entry in positions[entry.value.keyspace].map(entry.value.isApplied) ?? false }
        for id in applied.keys { pending[id] = nil }
        if let reason = applied.values.lazy.compactMap(\.reason).first { return try reload(reason) }
        guard applied.count <= Self.maxChanged else { return try reload(Self.manyChanges) }
        if applied.values.contains(where: { !isRead($0) }) { try readBatteries() }
        var members = applied.compactMap { id, entry in member(id, of: entry) }
        if isRunningDue { members += running.filter { applied[$0.key] == nil }.map(\.value.member) }
        guard !members.isEmpty || (!owed.isEmpty && nextCurves <= .now) else { return nil }
        do throws(QueryError) {
            let update = try changes(of: members, pending: applied)
            progress.didRead(taking: .now - start)
            return update
        } catch {
            pending.merge(applied) { later, _ in later }
            throw error
        }
    }

    /// Returns whether the battery of an event was found in its partition.
    private func isRead(_ entry: Pending) -> Bool {
        batteries.contains { $0.id == entry.battery && $0.keyspaces.contains(entry.keyspace) }
    }

    private func member(_ id: String, of entry: Pending) -> ScanMember? {
        batteries.firstIndex { $0.id == entry.battery }.map {
            ScanMember(keyspace: entry.keyspace, battery: $0, experiment: id, score: 0)
        }
    }

    private func reload(_ reason: String) throws(QueryError) -> Update {
        progress.didRead()
        try readBatteries()
        try readRunning()
        return .reload(reason)
    }

    /// Reads experiments, and remembers those that run.
    private func changes(of members: [ScanMember], pending: [String: Pending]) throws(QueryError) -> Update? {
        var found: [ScannedExperiment] = []
        let total = try store.answer { () throws(QueryError) in
            found = try store.experiments(members, of: batteries)
            return try store.experimentCount(of: batteries)
        }
        var changed: [ScannedExperiment] = []
        for experiment in found {
            let (id, wasRunning) = (experiment.experiment, running[experiment.experiment])
            guard !experiment.isEmpty else {
                running[id] = nil
                // A deleted experiment may log on.
                guard deleted.count < Self.maxPending, deleted.insert(id).inserted else { continue }
                return try reload(Self.deletion)
            }
            deleted.remove(id)
            let seen = experiment.liveness?.lastSeen.map { String($0) }
            let content = experiment.values + [experiment.liveness?.status?.rawValue, seen]
            // A lost one may give a sign of life again.
            let isRunning = [.running, .lost].contains(experiment.liveness?.status)
            running[id] = isRunning && running.count <= Self.maxRunning ? (experiment.member, content) : nil
            if pending[id] != nil || wasRunning?.sent != content { changed.append(experiment) }
        }
        owe(changed.filter { pending[$0.experiment]?.hasRows ?? false }.map(\.member))
        guard !changed.isEmpty || !owed.isEmpty else { return nil }
        var changes = ExperimentChanges(changed, of: batteries, now: store.clock(), total: total)
        if nextCurves <= .now, !owed.isEmpty {
            let next = Array(owed.prefix(Self.maxCurves))
            let curves = try store.curves(of: next, objective: objective)
            (changes.lineIDs, changes.channels, changes.lines) = (next.map(\.experiment), curves.channels, curves.lines)
            owed.removeFirst(next.count)
            nextCurves = .now + Self.curvesInterval
        }
        guard !changed.isEmpty || !changes.lines.isEmpty else { return nil }
        return .changes(changes)
    }

    /// Remembers the experiments whose learning curves have changed, to send them in turn.
    private func owe(_ members: [ScanMember]) {
        let known = Set(owed.map(\.experiment))
        owed += members.filter { !known.contains($0.experiment) }
        // A page reads all again after a minute.
        if owed.count > Self.maxChanged { owed.removeFirst(owed.count - Self.maxChanged) }
    }
}

extension ExperimentFeed.Pending {
    /// Returns whether the ingest has applied the events.
    fileprivate func isApplied(at cursor: WatchProgress.Cursor) -> Bool {
        (event.map { $0 <= cursor.events } ?? true) && (control.map { $0 <= cursor.control } ?? true)
    }
}
