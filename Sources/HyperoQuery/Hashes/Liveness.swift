import HyperoRedis
public import HyperoSchema

/// The status of an experiment and its last sign of life.
///
/// A running experiment whose latest event and whose producer's latest event or sign of life are both older than
/// ``Store/lostAfter`` is lost: its process was killed, or has no connection to Redis. The stored status remains `running`.
public struct Liveness: Sendable, Hashable {
    /// The status, `lost` for a running experiment without a sign of life; nil if it is absent or malformed.
    public let status: ExperimentStatus?
    /// The time of the last sign of life in Unix milliseconds: the experiment's latest event or, while it runs, the latest
    /// event or sign of life of its producer. Nil if it is unknown.
    public let lastSeen: Int64?

    init(
        stored: ExperimentStatus?, updated: Int64?, producer: Int64?, now: Int64, lostAfter: Int64
    ) {
        guard stored == .running else {
            status = stored
            lastSeen = updated
            return
        }
        lastSeen = [updated, producer].compactMap(\.self).max()
        let age = lastSeen.map { now.subtractingReportingOverflow($0).partialValue }
        status = age.map { $0 > lostAfter } ?? false ? .lost : .running
    }
}

/// The times of the producers of experiments, read in the round trip of the experiments' hashes.
///
/// One command per producer costs less than a round trip that first tells which experiments run.
struct ProducerTimes {
    private var replies: [String: PendingReply<[String?]>] = [:]

    /// Appends the command for an experiment, unless its producer has one already.
    mutating func append(for id: ExperimentID, in keyspace: Keyspace, to pipeline: inout CommandPipeline) {
        guard let key = Self.key(of: id, in: keyspace), replies[key] == nil else { return }
        replies[key] = pipeline.append("HMGET", key, ProducerField.time, in: keyspace, as: .optionalStrings)
    }

    /// Returns the time of an experiment's producer; nil if there is none, and if the account must not read it.
    func time(of id: ExperimentID, in keyspace: Keyspace) throws(QueryError) -> Int64? {
        guard let key = Self.key(of: id, in: keyspace), let reply = replies[key] else { return nil }
        return try reply.valueIfAvailable()?.first.flatMap(\.self).flatMap { Int64($0) }
    }

    /// The key of the producer: the part of the id before the last hyphen.
    private static func key(of id: ExperimentID, in keyspace: Keyspace) -> String? {
        guard let end = id.text.lastIndex(of: "-") else { return nil }
        return ProducerID(String(id.text[..<end])).map(keyspace.producer)
    }
}

extension Store {
    /// Returns the status of an experiment from its hash and its producer's time.
    func liveness(
        of hash: ExperimentHash, id: ExperimentID?, in keyspace: Keyspace, producers: ProducerTimes
    ) throws(QueryError) -> Liveness {
        Liveness(
            stored: hash.status, updated: hash.updated,
            producer: try id.map { id throws(QueryError) in try producers.time(of: id, in: keyspace) } ?? nil,
            now: clock(), lostAfter: lostAfterMilliseconds)
    }
}
