import HyperoRedis
public import HyperoSchema

/// Sends dead letters to the events again, each exactly once, however many do it at the same time.
///
///     var requeue = try Requeue(settings)
///     let report = try requeue.run(.all, mending: DeadLetterMending())
public struct Requeue {
    /// Which letters.
    public enum Choice: Sendable {
        case all
        /// Those of these ids among the dead letters.
        case ids([String])
    }

    /// What came of it.
    public struct Report: Sendable {
        /// How many were sent again.
        public internal(set) var sent = 0
        /// Ids that no letter has.
        public internal(set) var unknown: [String] = []
        /// Why letters could not be sent again, each a sentence.
        public internal(set) var obstacles: [String] = []
    }

    /// Why it could not be finished; what was sent until then is no longer among the dead letters.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    private let settings: IngestSettings
    private let spaces: [Keyspace]

    /// - Parameter partition: only this one, counted from 0; nil for all.
    /// - Throws: ``SchemaError`` when the namespace, the number of partitions or the partition cannot be.
    public init(_ settings: IngestSettings, partition: Int? = nil) throws(SchemaError) {
        self.settings = settings
        let all = try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions)
        guard let partition else {
            spaces = all
            return
        }
        guard all.indices.contains(partition) else {
            throw SchemaError("there is no partition \(partition): give 0 to \(all.count - 1)")
        }
        spaces = [all[partition]]
    }

    /// Sends the letters again.
    ///
    /// - Throws: ``Failure`` when Redis does not let it, or one id is that of letters in several partitions.
    public func run(_ choice: Choice, mending: DeadLetterEdit) throws(Failure) -> Report {
        do {
            let report = try send(choice, mending)
            if report.sent == 0, report.obstacles.isEmpty { try lookElsewhere() }
            return report
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(description: "\(error)")
        }
    }

    private func send(_ choice: Choice, _ mending: DeadLetterEdit) throws -> Report {
        var desks = try open()
        switch choice {
        case .all:
            var report = Report()
            for place in desks.indices { try desks[place].sendAll(mending, &report) }
            return report
        case .ids(let ids): return try send(ids, from: &desks, mending)
        }
    }

    /// Looks for letters in partitions, where those of a deployment that is said to be undivided are not.
    ///
    /// - Throws: when there are.
    private func lookElsewhere() throws {
        guard settings.partitions == 1 else { return }
        for space in try Keyspace.all(namespace: settings.namespace, partitions: 16) {
            guard try PartitionRequeue(settings.redis, space).hasAny() else { continue }
            throw Failure(
                description:
                    "there are dead letters in \(space.dead): the deployment is divided, so give --partitions n, "
                    + "with the n of its clients")
        }
    }

    private func open() throws(RedisError) -> [PartitionRequeue] {
        var desks: [PartitionRequeue] = []
        for space in spaces { desks.append(try PartitionRequeue(settings.redis, space)) }
        return desks
    }

    private func send(
        _ ids: [String], from desks: inout [PartitionRequeue], _ mending: DeadLetterEdit
    ) throws -> Report {
        var report = Report()
        var chosen: [Int: [StreamID]] = [:]
        var seen: Set<StreamID> = []
        for text in ids {
            // Redis takes an id without its second number for a range.
            guard text.contains("-"), let id = StreamID(text) else {
                report.unknown.append(text)
                continue
            }
            guard seen.insert(id).inserted else { continue }
            var places: [Int] = []
            for place in desks.indices where try desks[place].has(id) { places.append(place) }
            guard places.count < 2 else {
                throw Failure(
                    description:
                        "\(id) is a dead letter in \(places.count) partitions: say with --partition which one is meant")
            }
            if let place = places.first { chosen[place, default: []].append(id) } else { report.unknown.append(text) }
        }
        for (place, ids) in chosen.sorted(by: { $0.key < $1.key }) {
            try desks[place].send(ids, mending, &report)
        }
        return report
    }
}
