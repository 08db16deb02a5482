import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

/// An entry of a stream of one partition.
struct StreamedEvent {
    /// The index of the partition.
    let partition: Int
    let id: StreamID
    let isControl: Bool
    /// The event; nil if the entry is none, and will become a dead letter.
    let event: WatchEvent?
}

/// The new entries of the streams of all partitions, which the servers push.
///
/// Each server has a connection of its own on which one XREAD BLOCK waits for the streams of all its partitions. The streams of a
/// cluster are in different hash slots: a server that refuses the command gets one connection per partition. An account without
/// the permission for XREAD asks with XRANGE once per second instead. Used by one thread.
final class EventStreams {
    /// A partition with the latest entries that were read.
    struct Partition {
        let keyspace: Keyspace
        var events: StreamID
        var control: StreamID
    }

    private let store: Store
    private let shouldContinue: () -> Bool
    private(set) var partitions: [Partition] = []
    /// The partitions that do not answer, with the entries that were read before.
    private var leftOut: [Partition] = []
    private var links: [StreamLink] = []
    /// True if a server refuses to read the streams of several partitions together.
    private var isSplit = false
    /// True if the account may not run XREAD, or if the connections would be too many.
    private(set) var isPolling = false
    private var nextPoll: MonotonicTime?

    /// The time for which the server waits for entries, after which it is asked again.
    private static let blockTime: Duration = .seconds(20)
    /// The time between two questions if the server cannot push entries.
    private static let pollInterval: Duration = .seconds(1)
    private static let maxLinks = 64
    /// The number of entries of each stream per reply to XREAD, which cuts replies that are too large.
    private static let batchSize = 1_000
    /// The number of entries of each stream per reply to XRANGE. An entry may have 1 MiB.
    private static let polledBatchSize = 200

    init(_ store: Store, shouldContinue: @escaping () -> Bool) {
        self.store = store
        self.shouldContinue = shouldContinue
    }

    /// Finds the partitions and their latest entries, from which on entries are read. A partition that was known keeps its position,
    /// unless its stream has been replaced by one that ends earlier.
    ///
    /// Two round trips: EXISTS to discover the partitions, and XREVRANGE of the last entry of each stream.
    func locate() throws(QueryError) {
        try store.answer { () throws(QueryError) in try locateAvailable() }
    }

    private func locateAvailable() throws(QueryError) {
        let keyspaces = try keyspaces()
        var pipeline = CommandPipeline()
        let replies = keyspaces.map { keyspace in
            [keyspace.events, keyspace.control].map {
                pipeline.append("XREVRANGE", $0, "+", "-", "COUNT", "1", in: keyspace, as: .streamEntries)
            }
        }
        try store.connections.run(pipeline)
        let known = Dictionary((partitions + leftOut).map { ($0.keyspace, $0) }) { first, _ in first }
        // Without permission, the present time is nearly the position of the last entry.
        let present = StreamID(milliseconds: UInt64(clamping: store.clock()), sequence: 0)
        partitions = try zip(keyspaces, replies).map { keyspace, replies throws(QueryError) in
            let last = try replies.map { reply throws(QueryError) in
                guard let entries = try reply.valueIfPermitted() else { return present }
                return entries.first.flatMap { StreamID($0.id) } ?? .zero
            }
            let old = known[keyspace]
            return Partition(
                keyspace: keyspace, events: min(old?.events ?? last[0], last[0]),
                control: min(old?.control ?? last[1], last[1]))
        }
        leftOut = known.values.filter { !keyspaces.contains($0.keyspace) }
        close()
    }

    /// True if a partition does not answer and is not read.
    var hasLeftOut: Bool { !leftOut.isEmpty || !store.leftOutPartitions.isEmpty }

    /// Adds the partitions that are new, with all their entries, and those that answer again. One round trip, unless there are more
    /// than 16 partitions.
    func discover() throws(QueryError) {
        let new = try store.answer { () throws(QueryError) in
            let new = try keyspaces().filter { keyspace in !partitions.contains { $0.keyspace == keyspace } }
            // A partition of a given number was not probed.
            if !new.isEmpty { _ = try store.cursors(of: new) }
            return new
        }
        guard !new.isEmpty else { return }
        partitions += new.map { keyspace in
            leftOut.first { $0.keyspace == keyspace } ?? Partition(keyspace: keyspace, events: .zero, control: .zero)
        }
        leftOut.removeAll { new.contains($0.keyspace) }
        close()
    }

    private func keyspaces() throws(QueryError) -> [Keyspace] {
        var warnings: [String] = []
        let found = try store.partitions(warnings: &warnings)
        return found.isEmpty ? [store.layout.undivided] : found
    }

    /// Closes the connections. The next wait opens them again.
    func close() {
        links = []
        nextPoll = nil
    }

    // MARK: - Waiting

    /// Connects, and asks for entries on every connection that has no question.
    ///
    /// - Returns: the descriptors to wait for, and the time at which ``receive(from:at:)`` must be called in any case.
    func prepare(at now: MonotonicTime) throws(QueryError) -> (descriptors: [Int32], deadline: MonotonicTime) {
        if !isPolling, links.isEmpty { try connect() }
        guard !isPolling else {
            let next = nextPoll ?? now
            nextPoll = next
            return ([], next)
        }
        var deadline = now + Self.blockTime
        for link in links where link.deadline == nil {
            try withErrors(of: link) { () throws(RedisError) in
                try link.send(partitions, block: Self.blockTime, count: Self.batchSize, at: now)
            }
        }
        for link in links { deadline = min(deadline, link.deadline ?? deadline) }
        return (links.map(\.descriptor), deadline)
    }

    private func connect() throws(QueryError) {
        let servers = Dictionary(grouping: partitions.indices) { store.connections.server(of: partitions[$0].keyspace) }
        let groups = servers.flatMap { server, indices in
            isSplit ? indices.map { (server, [$0]) } : [(server, indices)]
        }
        guard groups.count <= Self.maxLinks else {
            isPolling = true
            return
        }
        for (server, indices) in groups {
            do throws(RedisError) {
                links.append(
                    try StreamLink(
                        to: server, partitions: indices, timeout: store.connections.timeout,
                        shouldContinue: shouldContinue))
            } catch {
                throw QueryError(error, server: server)
            }
        }
    }

    /// Reads the entries that have arrived.
    ///
    /// - Parameter ready: the descriptors from which there is something to read.
    func receive(from ready: Set<Int32>, at now: MonotonicTime) throws(QueryError) -> [StreamedEvent] {
        if isPolling {
            guard let nextPoll, nextPoll <= now else { return [] }
            self.nextPoll = now + Self.pollInterval
            return try poll()
        }
        var events: [StreamedEvent] = []
        for link in links {
            guard ready.contains(link.descriptor) else {
                guard let deadline = link.deadline, deadline <= now else { continue }
                throw QueryError(RedisError(.connection, "timed out waiting for \(link.server)"), server: link.server)
            }
            do throws(RedisError) {
                events += try link.receive(partitions)
            } catch {
                guard try recover(from: error, of: link) else { break }
            }
        }
        advance(events)
        return events
    }

    /// Handles the error of a link.
    ///
    /// - Returns: true if the other links can be read, false if all of them were closed to be opened in another way.
    private func recover(from error: RedisError, of link: StreamLink) throws(QueryError) -> Bool {
        switch error.category {
        // The stream was removed meanwhile.
        case .transient where error.code == .unblocked: return true
        case .denied where error.code == .noPermission: isPolling = true
        case .refused where link.partitions.count > 1: isSplit = true
        case .moved:
            // Any command of the partition finds its new server.
            for index in link.partitions { _ = try store.cursors(of: [partitions[index].keyspace]) }
        default: throw QueryError(error, server: link.server)
        }
        close()
        return false
    }

    /// Asks for the entries of all streams with XRANGE. One round trip.
    private func poll() throws(QueryError) -> [StreamedEvent] {
        var pipeline = CommandPipeline()
        let replies = partitions.map { partition in
            [(partition.keyspace.events, partition.events), (partition.keyspace.control, partition.control)].map {
                pipeline.append(
                    "XRANGE", $0, "(\($1)", "+", "COUNT", String(Self.polledBatchSize), in: partition.keyspace,
                    as: .streamEntries)
            }
        }
        try store.connections.run(pipeline)
        var events: [StreamedEvent] = []
        for (index, replies) in replies.enumerated() {
            for (isControl, reply) in zip([false, true], replies) {
                for entry in try reply.valueIfPermitted() ?? [] {
                    guard let id = StreamID(entry.id) else { continue }
                    events.append(
                        StreamedEvent(
                            partition: index, id: id, isControl: isControl,
                            event: WatchEvent(fields: entry.fields, id: id, isControl: isControl)))
                }
            }
        }
        advance(events)
        return events
    }

    private func advance(_ events: [StreamedEvent]) {
        for event in events {
            if event.isControl {
                partitions[event.partition].control = event.id
            } else {
                partitions[event.partition].events = event.id
            }
        }
    }

    private func withErrors(of link: StreamLink, _ body: () throws(RedisError) -> Void) throws(QueryError) {
        do throws(RedisError) {
            try body()
        } catch {
            throw QueryError(error, server: link.server)
        }
    }
}

extension Store {
    /// Reads the cursors of the ingest. One round trip.
    ///
    /// - Returns: one element per partition, that of an absent cursor or of one that the account must not read at the begin of the
    ///   stream.
    func cursors(of keyspaces: [Keyspace]) throws(QueryError) -> [WatchProgress.Cursor] {
        var pipeline = CommandPipeline()
        let replies = keyspaces.map {
            pipeline.append(
                "HMGET", $0.ingest, IngestField.cursor, IngestField.control, IngestField.applied, in: $0,
                as: .optionalStrings)
        }
        try connections.run(pipeline)
        return try replies.map { reply throws(QueryError) in
            let values = try reply.valueIfPermitted() ?? []
            guard values.count == 3, let events = values[0].flatMap({ StreamID($0) }) else {
                return WatchProgress.Cursor()
            }
            // An ingest that has carried out no command has no cursor of them, so that the first one waits.
            return WatchProgress.Cursor(
                events: events, control: values[1].flatMap { StreamID($0) } ?? .zero,
                applied: values[2].flatMap { UInt64($0) } ?? 0)
        }
    }
}
