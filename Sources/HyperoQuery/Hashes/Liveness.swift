import HyperoRedis
public import HyperoSchema

/// The status of an experiment and its last sign of life.
///
/// A running experiment whose latest event and whose producer's latest event or sign of life are both older than
/// ``Store/lostAfter`` is lost: its process was killed, or has no connection to Redis. The stored status remains `running`.
/// The producer is the one of the latest start. If the account must not read it, a running experiment is never reported as lost.
public struct Liveness: Sendable, Hashable {
    /// The status, `lost` for a running experiment without a sign of life; nil if it is absent or malformed.
    public let status: ExperimentStatus?
    /// The time of the last sign of life in Unix milliseconds: the experiment's latest event or, while it runs, the latest
    /// event or sign of life of its producer. Nil if it is unknown.
    public let lastSeen: Int64?

    /// The liveness of an experiment whose hash was not read.
    static let unknown = Liveness(stored: nil, updated: nil, producer: nil, now: 0, lostAfter: 0)

    /// - Parameter isProducerKnown: false if the account must not read the producer, whose sign of life may be later.
    init(
        stored: ExperimentStatus?, updated: Int64?, producer: Int64?, isProducerKnown: Bool = true, now: Int64,
        lostAfter: Int64
    ) {
        guard stored == .running else {
            status = stored
            lastSeen = updated
            return
        }
        lastSeen = [updated, producer].compactMap(\.self).max()
        let age = lastSeen.map { now.subtractingReportingOverflow($0).partialValue }
        status = isProducerKnown && age.map { $0 > lostAfter } ?? false ? .lost : .running
    }
}

extension Set<ExperimentStatus> {
    /// The statuses as a condition: `status done or failed`.
    var text: String {
        "status " + ExperimentStatus.allCases.filter(contains).map(\.rawValue).joined(separator: " or ")
    }
}

/// The times of the producers of experiments.
///
/// The producers in the ids are read in the round trip of the experiments' hashes: one command per producer costs less than a
/// round trip that first tells which experiments run. Only the hash tells the producer of an experiment that another one has
/// resumed, so its time needs a round trip of its own.
struct ProducerTimes {
    private var replies: [String: PendingReply<[String?]>] = [:]

    /// Appends the command for an experiment, unless its producer has one already.
    mutating func append(for id: ExperimentID, in keyspace: Keyspace, to pipeline: inout CommandPipeline) {
        if let producer = id.producer { append(producer, in: keyspace, to: &pipeline) }
    }

    /// Appends the command for a running experiment that another producer than the one in its id has started.
    mutating func append(for hash: ExperimentHash, in keyspace: Keyspace, to pipeline: inout CommandPipeline) {
        if hash.status == .running, let producer = hash.producer { append(producer, in: keyspace, to: &pipeline) }
    }

    /// Appends the command for a producer, unless it has one already.
    mutating func append(_ producer: ProducerID, in keyspace: Keyspace, to pipeline: inout CommandPipeline) {
        let key = keyspace.producer(producer)
        guard replies[key] == nil else { return }
        replies[key] = pipeline.append("HMGET", key, ProducerField.time, in: keyspace, as: .optionalStrings)
    }

    /// Returns the time of the producer that started an experiment last, nil if there is none, and whether the account may read
    /// it.
    ///
    /// - Parameter other: the producer in the experiment's hash; nil for the one in its id.
    func time(
        of id: ExperimentID?, startedBy other: ProducerID?, in keyspace: Keyspace
    ) throws(QueryError) -> (time: Int64?, isKnown: Bool) {
        guard let id, let producer = other ?? id.producer, let reply = replies[keyspace.producer(producer)]
        else { return (nil, true) }
        let time = try reply.valueIfPermitted()?.first.flatMap(\.self).flatMap { Int64($0) }
        return (time, reply.denial == nil)
    }

    /// Returns the time of a producer; nil if there is none, or if the account must not read it.
    func time(of producer: ProducerID?, in keyspace: Keyspace) throws(QueryError) -> Int64? {
        guard let producer, let reply = replies[keyspace.producer(producer)] else { return nil }
        return try reply.valueIfPermitted()?.first.flatMap(\.self).flatMap { Int64($0) }
    }
}

extension Store {
    /// Returns the status of an experiment from its hash and its producer's time.
    func liveness(
        of hash: ExperimentHash, id: ExperimentID?, in keyspace: Keyspace, producers: ProducerTimes
    ) throws(QueryError) -> Liveness {
        let producer = try producers.time(of: id, startedBy: hash.producer, in: keyspace)
        return Liveness(
            stored: hash.status, updated: hash.updated, producer: producer.time, isProducerKnown: producer.isKnown,
            now: clock(), lostAfter: lostAfterMilliseconds)
    }
}
