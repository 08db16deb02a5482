public import HyperoRedis
public import HyperoSchema

/// The requeue of dead letters: sends each to the event stream again exactly once, even if several clients requeue at
/// the same time.
///
///     let requeue = try Requeue(settings)
///     let report = try requeue.run(.all, applying: DeadLetterEdit())
public struct Requeue {
    /// The dead letters to send.
    public enum Selection: Sendable {
        case all
        /// The dead letters of these ids.
        case ids([String])
    }

    /// The result of a run.
    public struct Report: Sendable {
        /// A dead letter that cannot be sent as it is.
        public struct Rejection: Sendable {
            /// The id in the dead letter stream.
            public let id: String
            /// The reason why the dead letter was not sent.
            public let reason: DeadLetterEdit.Failure
        }

        /// The number of dead letters sent.
        public internal(set) var sent = 0
        /// The selected ids that are not found.
        public internal(set) var unknown: [String] = []
        /// The dead letters that were not sent.
        public internal(set) var rejections: [Rejection] = []
        /// The keys of another number of partitions that have dead letters, if all dead letters were selected.
        public internal(set) var others: [String] = []
    }

    private let settings: IngestSettings
    private let keyspaces: [Keyspace]

    /// Creates a requeue for a deployment.
    ///
    /// - Parameter partition: the only partition to search, counted from 0; nil for all.
    /// - Throws: ``SchemaError`` if the namespace, the number of partitions or the partition is invalid.
    public init(_ settings: IngestSettings, partition: Int? = nil) throws(SchemaError) {
        self.settings = settings
        let all = try settings.keyspaces()
        guard let partition else {
            keyspaces = all
            return
        }
        guard all.indices.contains(partition) else {
            let indices = all.count == 1 ? "0, the only partition" : "between 0 and \(all.count - 1)"
            throw SchemaError("partition must be \(indices), not \(partition)")
        }
        keyspaces = [all[partition]]
    }

    /// Sends the selected dead letters again.
    ///
    /// - Throws: ``RequeueError`` if the run could not be finished. The dead letters that were sent before the error
    ///   are removed from the dead letter stream.
    public func run(_ selection: Selection, applying edit: DeadLetterEdit) throws(RequeueError) -> Report {
        try converting {
            var report = try send(selection, applying: edit)
            if case .ids = selection, report.sent > 0 || !report.rejections.isEmpty { return report }
            report.others = try othersWithDeadLetters()
            if report.sent == 0, report.rejections.isEmpty, let key = report.others.first {
                throw RequeueError(.partitioned(key: key))
            }
            return report
        }
    }

    /// Converts the errors of a function.
    func converting<Result>(_ body: () throws -> Result) throws(RequeueError) -> Result {
        do {
            return try body()
        } catch let error as RequeueError {
            throw error
        } catch let error as RedisError {
            throw RequeueError(.redis(error))
        } catch {
            throw RequeueError(.redis(RedisError(.other, "\(error)")))
        }
    }

    /// Connects to the partitions.
    func connect() throws -> [PartitionRequeue] {
        try keyspaces.map { try PartitionRequeue(settings.redis, keyspace: $0) }
    }

    /// The keys of another number of partitions that have dead letters.
    func othersWithDeadLetters() throws -> [String] {
        try PartitionDiscovery(settings).otherPartitions().filter { $0.deadLetters > 0 }.map(\.keyspace.dead)
    }

    private func send(_ selection: Selection, applying edit: DeadLetterEdit) throws -> Report {
        let partitions = try connect()
        var report = Report()
        switch selection {
        case .all: for partition in partitions { try partition.sendAll(applying: edit, into: &report) }
        case .ids(let ids): try send(ids, from: partitions, applying: edit, into: &report)
        }
        return report
    }

    private func send(
        _ ids: [String], from partitions: [PartitionRequeue], applying edit: DeadLetterEdit, into report: inout Report
    ) throws {
        let (selected, unknown) = try find(ids, in: partitions)
        report.unknown += unknown
        for (index, ids) in selected.sorted(by: { $0.key < $1.key }) {
            try partitions[index].send(ids, applying: edit, into: &report)
        }
    }

    /// Returns the dead letters of some ids by the indices of their partitions, and the ids that are not found.
    func find(
        _ ids: [String], in partitions: [PartitionRequeue]
    ) throws -> (selected: [Int: [StreamID]], unknown: [String]) {
        var selected: [Int: [StreamID]] = [:]
        var unknown: [String] = []
        var seen: Set<StreamID> = []
        for text in ids {
            // XRANGE reads an id without its second number as a range.
            guard text.contains("-"), let id = StreamID(text) else {
                unknown.append(text)
                continue
            }
            guard seen.insert(id).inserted else { continue }
            let holders = try partitions.indices.filter { try partitions[$0].has(id) }
            guard holders.count < 2 else { throw RequeueError(.ambiguousID(id.description, partitions: holders.count)) }
            if let holder = holders.first {
                selected[holder, default: []].append(id)
            } else {
                unknown.append(text)
            }
        }
        return (selected, unknown)
    }
}

/// A reason why a requeue could not be finished.
public struct RequeueError: Error, Sendable, Hashable, CustomStringConvertible {
    /// An error that a caller can distinguish.
    public enum Code: Sendable, Hashable {
        /// Several partitions have a dead letter of this id.
        case ambiguousID(String, partitions: Int)
        /// This key of a deployment with another number of partitions has dead letters.
        case partitioned(key: String)
        /// Other clients kept writing to this dead letter stream.
        case contention(key: String)
        /// The events' key holds a value of another type.
        case wrongType(key: String, found: String)
        /// The events' key accepts no more entries: its last id is the highest possible.
        case streamFull(key: String)
        /// The events' key rejected entries. They are dead letters again, under new ids.
        case rejected(key: String)
        /// A command or the connection to Redis failed.
        case redis(RedisError)
    }

    /// The identity of the error.
    public let code: Code

    init(_ code: Code) {
        self.code = code
    }

    /// The description of the failure.
    public var description: String {
        switch code {
        case .ambiguousID(let id, let count): "ambiguous id: \(id) is a dead letter in \(count) partitions"
        case .partitioned(let key):
            "the deployment has or had another number of partitions: there are dead letters in \(key)"
        case .contention(let key): "\(key) is written to by other clients all the time. Try again later"
        case .wrongType(let key, let type): "\(key) must be a stream, not a \(type). Rename or delete it first"
        case .streamFull(let key):
            "\(key) accepts no more entries: its last id is the highest possible. "
                + "Rename it when all its entries are applied"
        case .rejected(let key): "\(key) accepted no entry: the dead letters stay, under new ids"
        case .redis(let error): error.description
        }
    }
}
