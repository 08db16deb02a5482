import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

/// The reader of a watched result: waits for events, and reads the result when one has changed it.
///
///     // Reads the result once. The thread ends after mailbox.close().
///     try WatchFeed(of: store, .batteries, mailbox).startThread()
///     for update in mailbox.take() { … }
///
/// The feed owns the store and all connections, and runs on a thread of its own, so that a slow server never delays a key. The
/// main thread owns the terminal, and the two exchange values through the mailbox only.
package final class WatchFeed: @unchecked Sendable {
    // Used by the caller's thread until run(), and by the thread of run() from then on.
    private let store: Store
    private let subject: WatchSubject
    private let mailbox: WatchMailbox
    private let streams: EventStreams
    private var progress = WatchProgress()
    private var board: WatchBoard?
    /// The batteries that have changed since the list of batteries was read.
    private var changed: Set<String> = []
    /// The experiments whose values were read last; nil for none.
    private var chartExperiment: String?
    private var detailsExperiment: String?
    /// Those of them that have changed since.
    private var touched: Set<String> = []
    /// The request of the latest read.
    private var lastRequest: WatchRequest?
    /// The time in Unix milliseconds at which a running experiment of the result becomes lost without a sign of life.
    private var nextLoss: Int64?
    private var nextLocation: MonotonicTime?
    /// The time at which the cursors of the ingest are read without an event.
    private var nextProbe = MonotonicTime.now
    /// True if the battery is not declared.
    private var isWaiting = false
    /// The ids of the batteries that were declared by the name that the feed waits for.
    private var declared: Set<String> = []
    private var isAnnounced = false
    private var hasFilterProblem = false
    /// The failures since the last step without one.
    private var backoff = Backoff()
    /// True if the result was read since the latest failure.
    private var hasRecovered = true
    private var lag: Int64?
    /// The partitions that the result leaves out, one sentence each.
    private var leftOut: [String] = []

    /// The milliseconds after which the running experiments of all batteries are counted again, some of which may be lost.
    private static let recountInterval: Int64 = 60_000
    /// The time for which a connection must hold after a failure.
    private static let trial: Duration = .milliseconds(200)
    /// The time after which partitions that are new are searched for.
    private static let locationInterval: Duration = .seconds(30)
    /// The time after which the cursors are read without an event: a server that hangs does not answer, and one whose data was replaced
    /// has earlier ones.
    private static let probeInterval: Duration = .seconds(1)
    private static let maxDeclared = 1_000

    package init(of store: Store, _ subject: WatchSubject, _ mailbox: WatchMailbox) {
        self.store = store
        self.subject = subject
        self.mailbox = mailbox
        streams = EventStreams(store) { [mailbox] in !mailbox.isOver }
    }

    /// Finds the streams, and reads the result.
    ///
    /// A battery that is not declared is none: the feed waits for it.
    ///
    /// - Throws: the error of the query, for example if the channel does not exist.
    private func start() throws {
        try locate(isFirst: true)
        try check(mailbox.request)
    }

    /// Finds the streams, reads the result, and runs the feed on a thread of its own.
    ///
    /// - Throws: the error of the query, or that of the system if no thread can be created.
    package func startThread() throws {
        try start()
        let code = NamedThread.start("watch") { [self] in run() }
        guard code == 0 else { throw SystemError("pthread_create", code: code) }
    }

    /// Posts updates until the mailbox is closed, or until an error that a later attempt would meet again. Connects again after any
    /// other error, after a delay that grows with each failure.
    private func run() {
        while !mailbox.isOver {
            do {
                while !mailbox.isOver {
                    try step()
                    // A server that answers may still have no such channel, which only a read of the result shows.
                    if backoff.failures > 0, hasRecovered || mailbox.request.isPaused {
                        backoff.reset()
                        mailbox.post(.problem(nil))
                    }
                }
            } catch {
                if mailbox.isOver { return }
                guard let error = error as? QueryError, error.isTemporary else {
                    mailbox.post(.failed(error))
                    return
                }
                hasRecovered = false
                // The messages of a channel that is missing differ in the number of others, so its first one is enough.
                if backoff.failures == 0 || error.category != .notFound { mailbox.post(.problem(error.description)) }
                if error.category == .notFound { clear() }
                progress.request(at: .now)
                streams.close()
                wait(until: .now + max(backoff.nextDelay(random: .random(in: 0..<1)), .milliseconds(50)), for: [])
                do {
                    try locate(isFirst: false)
                } catch {
                    // The next step meets the error too.
                }
            }
        }
    }

    // MARK: - One step

    /// Waits for entries, for a request, or for the time to read again.
    private func step() throws {
        let request = mailbox.request
        let now = MonotonicTime.now
        if let nextLocation, now >= nextLocation {
            try streams.discover()
            setPartitions()
        }
        if now >= nextProbe {
            if isWaiting { progress.request(at: now) }
            _ = try cursors()
        }
        if let nextLoss, store.clock() > nextLoss {
            self.nextLoss = nil
            if case .batteries(let list) = board {
                changed.formUnion(list.batteries.filter { $0.running > 0 }.map(\.summary.id))
            }
            progress.request(at: now)
        }
        if let last = lastRequest {
            if last.limit != request.limit || last.battery != request.battery || last.filter != request.filter {
                progress.request(at: now)
            }
            if last.details != request.details || last.hasChart != request.hasChart { try readExperiments(request) }
        }
        if let next = progress.nextCheck, next <= .now, !request.isPaused { try check(request) }
        let (descriptors, deadline) = try streams.prepare(at: .now)
        if streams.isPolling, !isAnnounced {
            isAnnounced = true
            mailbox.post(.polling)
        }
        guard !mailbox.isFull else {
            wait(until: .now + .seconds(1), for: [])
            return
        }
        var end = min(deadline, nextProbe)
        if let next = progress.nextCheck, !request.isPaused { end = min(end, next) }
        if let nextLocation { end = min(end, nextLocation) }
        // A refused XREAD is answered at once. Without an answer, the failure is over.
        if backoff.failures > 0 { end = min(end, .now + Self.trial) }
        if let nextLoss { end = min(end, .now + .milliseconds(max(nextLoss - store.clock() + 1, 1))) }
        let ready = wait(until: end, for: descriptors)
        receive(try streams.receive(from: ready, at: .now))
    }

    /// Waits until a descriptor can be read, or until the main thread wakes the feed.
    @discardableResult
    private func wait(until end: MonotonicTime, for descriptors: [Int32]) -> Set<Int32> {
        let wake = mailbox.requestsPipe.readEnd
        var polled = (descriptors + [wake]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let count = poll(&polled, nfds_t(polled.count), max(end - .now, .zero).pollMilliseconds)
        guard count > 0 else { return [] }
        let ready = Set(polled.filter { $0.revents != 0 }.map(\.fd))
        if ready.contains(wake) { mailbox.requestsPipe.drain() }
        return ready
    }

    private func locate(isFirst: Bool) throws(QueryError) {
        try streams.locate()
        setPartitions()
        guard isFirst else { return }
        // The ingest may not have applied the last entries yet.
        for (index, partition) in streams.partitions.enumerated() {
            for (id, isControl) in [(partition.events, false), (partition.control, true)] where id > .zero {
                progress.received(id, isControl: isControl, in: index, at: .now, clock: store.clock())
            }
        }
    }

    private func setPartitions() {
        progress.setPartitions(streams.partitions.count)
        nextLocation = store.layout.explicit == nil || streams.hasLeftOut ? .now + Self.locationInterval : nil
    }

    private func receive(_ events: [StreamedEvent]) {
        var shown: [WatchEvent] = []
        for streamed in events {
            guard let event = streamed.event, concerns(event) else { continue }
            progress.received(
                streamed.id, isControl: streamed.isControl, in: streamed.partition, at: .now, clock: store.clock())
            if let battery = event.battery { changed.insert(battery) }
            if let experiment = event.experiment, [chartExperiment, detailsExperiment].contains(experiment) {
                touched.insert(experiment)
            }
            if event.livingProducer == nil { shown.append(event) }
        }
        if !shown.isEmpty { mailbox.post(.events(shown)) }
    }

    /// Returns whether an event may change the result.
    private func concerns(_ event: WatchEvent) -> Bool {
        guard !isWaiting else { return isOfMissingBattery(event) }
        switch board {
        case .batteries: return event.livingProducer == nil
        case nil: return true
        case .ranking(let board):
            if let producer = event.livingProducer {
                return board.rows.contains { $0.status == .running && $0.experiment.hasPrefix("\(producer)-") }
            }
            if let name = event.declaredName, name.hasSameBytes(as: board.name) { return true }
            // A deletion may not name the battery.
            return event.battery.map(board.batteries.contains) ?? true
        }
    }

    /// Returns whether an event is one of the battery that the feed waits for.
    private func isOfMissingBattery(_ event: WatchEvent) -> Bool {
        guard let battery = event.battery else { return false }
        var name = mailbox.request.battery
        if case .ranking(let wanted, _) = subject { name = wanted }
        guard let name else { return false }
        let isNamed = event.declaredName?.hasSameBytes(as: name) ?? false || battery.hasSameBytes(as: name)
        if isNamed, declared.count < Self.maxDeclared { declared.insert(battery) }
        // The last event of a battery that was deleted is one of its own.
        if case .ranking(let ranking) = board, ranking.batteries.contains(battery) { return true }
        return declared.contains(battery)
    }

    // MARK: - Reading

    /// Reads the cursors of the ingest. If they are earlier than before, the data was replaced, and everything is read again.
    private func cursors() throws -> [WatchProgress.Cursor] {
        let cursors = try store.cursors(of: streams.partitions.map(\.keyspace))
        nextProbe = .now + Self.probeInterval
        guard progress.isReplaced(by: cursors) else { return cursors }
        mailbox.post(.replaced)
        if case .batteries(let list) = board { changed.formUnion(list.batteries.map(\.summary.id)) }
        touched.formUnion([chartExperiment, detailsExperiment].compactMap(\.self))
        progress = WatchProgress()
        try locate(isFirst: true)
        progress.request(at: .now)
        return try store.cursors(of: streams.partitions.map(\.keyspace))
    }

    /// Reads the cursors of the ingest, and the result if it may have changed.
    private func check(_ request: WatchRequest) throws {
        let cursors = try cursors()
        if progress.check(cursors, at: .now) {
            let start = MonotonicTime.now
            try readUnlessMissing(request)
            try readExperiments(request)
            hasRecovered = true
            progress.didRead(taking: .now - start)
            lastRequest = request
        }
        let lag = progress.lag(clock: store.clock())
        if lag != nil || self.lag != nil { mailbox.post(.lag(lag)) }
        self.lag = lag
    }

    /// Reads the result, or notes that the battery is not declared.
    private func readUnlessMissing(_ request: WatchRequest) throws {
        do {
            try readUnlessFilterIsInvalid(request)
            guard isWaiting else { return }
            (isWaiting, declared) = (false, [])
            // The first program may have created the partitions meanwhile.
            if nextLocation != nil { nextLocation = .now }
            mailbox.post(.waiting(nil))
        } catch let error as QueryError {
            guard let text = error.waitingText else { throw error }
            if !isWaiting { mailbox.post(.waiting(text)) }
            isWaiting = true
            clear()
        }
    }

    /// Reads the result. A filter that names an unknown field, which the user may be typing, leaves the result as it is.
    private func readUnlessFilterIsInvalid(_ request: WatchRequest) throws {
        do {
            try read(request)
            if hasFilterProblem { mailbox.post(.filterProblem(nil)) }
            hasFilterProblem = false
        } catch let error as QueryError where request.filter != nil && error.category == .invalid {
            hasFilterProblem = true
            mailbox.post(.filterProblem(error.description))
        } catch let error as FilterError where request.filter != nil {
            hasFilterProblem = true
            mailbox.post(.filterProblem(error.description))
        }
    }

    /// Posts the ranking without its rows, whose battery was deleted.
    private func clear() {
        guard case .ranking(var ranking) = board, !ranking.rows.isEmpty else { return }
        ranking.rows = []
        board = .ranking(ranking)
        nextLoss = nil
        mailbox.post(.board(.ranking(ranking), time: store.clock()))
    }

    private func read(_ request: WatchRequest) throws {
        let time = store.clock()
        let new: WatchBoard
        switch subject {
        case .ranking(_, let read): new = .ranking(try read(store, request.limit, request.filter, board == nil))
        case .batteries:
            if let battery = request.battery {
                new = .ranking(try store.leaderboard(of: battery, where: request.filter, limit: request.limit))
            } else {
                var earlier: ActivityList?
                if case .batteries(let list) = board { earlier = list }
                new = .batteries(try store.activities(since: earlier, changed: changed))
                changed = []
            }
        }
        board = new
        if case .ranking(let ranking) = new {
            // One that is not lost after that time never will be: its producer cannot be read.
            nextLoss = ranking.rows.filter { $0.status == .running }.compactMap { row in
                row.liveness.lastSeen.map { $0.addingReportingOverflow(store.lostAfterMilliseconds).partialValue }
            }.filter { $0 >= time }.min()
        } else if case .batteries(let list) = new {
            nextLoss = list.batteries.contains { $0.running > 0 } ? time + Self.recountInterval : nil
        }
        mailbox.post(.board(new, time: time))
        let sentences = store.leftOutPartitions.sentences
        if sentences != leftOut { mailbox.post(.leftOut(sentences)) }
        leftOut = sentences
    }

    /// Reads the experiments whose curves or values the main thread shows, unless they have not changed.
    private func readExperiments(_ request: WatchRequest) throws {
        lastRequest?.details = request.details
        lastRequest?.hasChart = request.hasChart
        var best: String?
        if request.hasChart, case .ranking(let ranking) = board {
            best = ranking.rows.first { ExperimentID($0.experiment) != nil }?.experiment
        }
        if request.hasChart, best != chartExperiment || best.map(touched.contains) ?? false {
            mailbox.post(.chart(try best.flatMap { try record($0).record }))
        }
        if let id = request.details, id != detailsExperiment || touched.contains(id) {
            let found = try record(id)
            // Among the versions that the ranking has.
            var batteries: [String]?
            if case .ranking(let ranking) = board { batteries = ranking.batteries }
            let standing = try found.record.flatMap { try store.standings(of: [$0], among: batteries)[0] }
            mailbox.post(
                .details(
                    WatchUpdate.ExperimentReport(
                        id: id, record: found.record, standing: standing, problem: found.problem)))
        }
        (chartExperiment, detailsExperiment, touched) = (best, request.details, [])
    }

    /// Reads an experiment, which may have been deleted meanwhile.
    private func record(_ id: String) throws -> (record: ExperimentRecord?, problem: String?) {
        do {
            return (try store.experiment(id), nil)
        } catch  where error.category == .notFound {
            return (nil, error.description)
        }
    }
}

extension QueryError {
    /// The battery or version that a feed waits for, in words; nil for any other error.
    fileprivate var waitingText: String? {
        switch code {
        case .batteryNotFound(let name, let suggestion):
            "waiting for battery " + suggestion.text(for: name, ifNoneExists: "no battery is declared yet")
        case .versionNotFound(let version, let battery, let existing):
            "waiting for version \(version) of battery '\(printable(battery))', which has "
                + existing.map(String.init).joined(separator: ", ")
        default: nil
        }
    }

    /// True if a later attempt may succeed: the server is not reachable or not ready, or no experiment has logged the channel yet.
    fileprivate var isTemporary: Bool {
        switch category {
        case .unreachable, .notFound, .refused: true
        case .ambiguous, .invalid, .denied: false
        }
    }
}
