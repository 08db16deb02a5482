import HyperoRedis
import HyperoSchema

/// The fields that a scan reads of each experiment's hash.
struct HashRequest {
    /// The names per battery, in the order of the values; nil for all fields.
    private let names: [[String]]?
    /// True if the scan reads the times of producers, from which the status of running experiments follows.
    let hasLiveness: Bool

    private static let livenessFields = [ExperimentField.status, ExperimentField.updated, ExperimentField.producer]

    /// - Parameters:
    ///   - fields: the fields of all batteries; nil for all fields. Their values are the first ones of each experiment.
    ///   - more: returns further fields of one battery.
    ///   - hasLiveness: true to read the fields and producers that the liveness needs.
    init(
        fields: [String]?, hasLiveness: Bool, of batteries: [StoredBattery],
        more: (StoredBattery) -> [String] = { _ in [] }
    ) {
        self.hasLiveness = hasLiveness
        names = fields.map { fields in
            batteries.map { battery in
                var names = fields
                for name in more(battery) + (hasLiveness ? Self.livenessFields : [])
                where !names.contains(where: { $0.hasSameBytes(as: name) }) { names.append(name) }
                return names
            }
        }
    }

    /// The names of the fields of a battery's experiments; nil for all fields.
    func names(of battery: Int) -> [String]? { names?[battery] }
}

/// A number of experiments whose hashes are read together.
final class HashChunk {
    /// The reply for one experiment.
    enum Content {
        /// The server has not replied, or the member is not an experiment id.
        case none
        /// The values of the requested fields.
        case values([String?])
        /// All fields.
        case pairs([(name: String, value: String)])
        case failed(PendingReply<[String?]>)
    }

    let members: [ScanMember]
    let request: HashRequest
    fileprivate(set) var contents: [Content]
    /// A further reply per experiment, by which the caller judges it; empty if there is none.
    private(set) var probes: [PendingReply<Bool>?] = []
    private var producers = ProducerTimes()

    init(_ members: [ScanMember], _ request: HashRequest) {
        self.members = members
        self.request = request
        contents = Array(repeating: .none, count: members.count)
    }

    /// Appends a command per experiment: HMGET of the requested fields, or HGETALL.
    ///
    /// - Parameters:
    ///   - probe: appends a further command of an experiment.
    ///   - readsProducers: true to append the HMGET of the producers in the ids too. Otherwise ``appendProducers(to:)`` appends
    ///     those of the running experiments, which needs another round trip.
    func append(
        to pipeline: inout CommandPipeline, readsProducers: Bool,
        probe: ((ScanMember, inout CommandPipeline) -> PendingReply<Bool>?)? = nil
    ) {
        for (index, member) in members.enumerated() {
            guard let id = member.id else {
                if probe != nil { probes.append(nil) }
                continue
            }
            if request.hasLiveness, readsProducers { producers.append(for: id, in: member.keyspace, to: &pipeline) }
            let key = member.keyspace.experiment(id)
            let names = request.names(of: member.battery)
            // A refused command is kept with its key, for the warning.
            func read(_ reply: inout Reply, _ server: RedisURL) {
                if reply.error != nil {
                    let failed = PendingReply<[String?]>(to: [names == nil ? "HGETALL" : "HMGET", key])
                    failed.read(&reply, with: .optionalStrings, from: server)
                    contents[index] = .failed(failed)
                    return
                }
                do throws(RedisError) {
                    contents[index] =
                        if let names { .values(try reply.strings(count: names.count)) } else {
                            .pairs(try reply.pairs())
                        }
                } catch {
                    contents[index] = .failed(
                        PendingReply(to: [names == nil ? "HGETALL" : "HMGET", key], failed: error, server))
                }
            }
            if let names {
                pipeline.append(["HMGET", key], shared: names, in: member.keyspace, read: read)
            } else {
                pipeline.append(["HGETALL", key], shared: [], in: member.keyspace, read: read)
            }
            if let probe { probes.append(probe(member, &pipeline)) }
        }
    }

    /// Appends the HMGET of the producers that running experiments need and that were not read yet.
    ///
    /// - Parameter all: true for the producers in the ids too; false for only those of a later start.
    func appendProducers(to pipeline: inout CommandPipeline, all: Bool) {
        guard request.hasLiveness else { return }
        for (member, content) in zip(members, contents) {
            guard let id = member.id, field(ExperimentField.status, of: member, in: content) == "running" else {
                continue
            }
            if let producer = field(ExperimentField.producer, of: member, in: content).flatMap({ ProducerID($0) }) {
                producers.append(producer, in: member.keyspace, to: &pipeline)
            } else if all {
                producers.append(for: id, in: member.keyspace, to: &pipeline)
            }
        }
    }

    /// Returns the experiments. The pipelines of the chunk must have run.
    func experiments(in store: Store, warnings: inout [String]) throws(QueryError) -> [ScannedExperiment] {
        var experiments: [ScannedExperiment] = []
        experiments.reserveCapacity(members.count)
        let now = store.clock()
        let lostAfter = store.lostAfterMilliseconds
        for (index, member) in members.enumerated() {
            var names = request.names(of: member.battery)
            var values: [String?] = []
            switch contents[index] {
            case .none: names = []
            case .values(let read): values = read
            case .pairs(let pairs):
                names = pairs.map(\.name)
                values = pairs.map(\.value)
            case .failed(let reply):
                names = []
                _ = try reply.value(or: [], warnings: &warnings)
            }
            var experiment = ScannedExperiment(
                member: member, names: names ?? [], values: values, probe: probes.isEmpty ? nil : probes[index])
            if request.hasLiveness {
                let stored = experiment["status"].flatMap { ExperimentStatus(rawValue: $0) }
                let updated = experiment["updated"].flatMap { Int64($0) }
                var producer: (time: Int64?, isKnown: Bool) = (nil, true)
                if stored == .running {
                    producer = try producers.time(
                        of: member.id, startedBy: experiment["producer"].flatMap { ProducerID($0) }, in: member.keyspace
                    )
                }
                experiment.producerTime = producer.time
                experiment.liveness = Liveness(
                    stored: stored, updated: updated, producer: producer.time, isProducerKnown: producer.isKnown,
                    now: now, lostAfter: lostAfter)
            }
            experiments.append(experiment)
        }
        return experiments
    }

    private func field(_ name: String, of member: ScanMember, in content: Content) -> String? {
        switch content {
        case .none, .failed: nil
        case .values(let values):
            request.names(of: member.battery)?.firstIndex(of: name).flatMap { values[$0] }
        case .pairs(let pairs): pairs.first { $0.name == name }?.value
        }
    }
}
