import Glibc
package import HyperoRedis
package import HyperoSchema
import Synchronization

/// What the client's handles share: a producer with its journal and its sender. Gone with the last handle; the sender
/// then sends what is left and ends.
package final class Client: Sendable {
    package struct Configuration: Sendable {
        package var url: String?
        package var namespace: String?
        package var partitions: Int?
        package var seed: UInt64?
        package var journalLimit = 256 << 20
        package var segmentSize = 8 << 20
        /// Where variables are looked up.
        package var environment: @Sendable (String) -> String? = RedisURL.environment
        /// Where notices for a person go.
        package var notify: @Sendable (String) -> Void = Notices.standardError

        package init(
            url: String? = nil, namespace: String? = nil, partitions: Int? = nil, seed: UInt64? = nil,
            journalLimit: Int = 256 << 20
        ) {
            self.url = url
            self.namespace = namespace
            self.partitions = partitions
            self.seed = seed
            self.journalLimit = journalLimit
        }
    }

    package let producer: ProducerID
    package let seed: UInt64
    /// What every experiment's `start` says.
    let start: Event.Start
    let journal: Journal
    private let sender: Sender
    private let experiments = Atomic<UInt64>(0)
    private let refusals = Atomic<Int>(0)
    private let notify: @Sendable (String) -> Void

    /// How many refused calls are explained on standard error; all are counted.
    private static let explainedRefusals = 5

    package init(_ configuration: Configuration) throws(SchemaError) {
        let environment = configuration.environment
        let url = try RedisURL(configuration.url, environment: environment)
        let namespace = Deployment.namespace(configuration.namespace, environment: environment)
        let partitions = try Deployment.partitions(configuration.partitions, environment: environment)
        let keyspaces = try Keyspace.all(namespace: namespace, partitions: partitions)
        var generator = SystemRandomNumberGenerator()
        producer = ProducerID(using: &generator)
        seed = configuration.seed ?? generator.next()
        start = Event.Start(host: HostName.current, pid: String(getpid()), seed: String(seed))
        notify = configuration.notify
        let journal = Journal(
            producer: producer, limit: configuration.journalLimit, segmentSize: configuration.segmentSize,
            environment: environment)
        guard let journal else { throw SchemaError("there is no memory for a journal of \(configuration.segmentSize)") }
        self.journal = journal
        sender = Sender(
            journal: journal, url: url, producer: producer,
            keyspace: keyspaces[Keyspace.partition(of: producer, among: partitions)], notify: notify)
        sender.begin()
    }

    deinit {
        sender.endWhenSent()
    }

    package var counters: Counters {
        // What was sent is read first: what is accepted meanwhile only adds to the queue.
        let progress = sender.progress
        let (accepted, dropped) = journal.counts
        return Counters(
            accepted: accepted, sent: progress.sent, applied: progress.applied, released: progress.released,
            dropped: dropped)
    }

    /// The number of the next experiment: 1, 2, ….
    func nextExperiment() -> UInt64 {
        experiments.add(1, ordering: .relaxed).newValue
    }

    /// A battery's handle; one that the contract does not allow is said so, and records nothing.
    func handle(_ declaration: Event.Declaration) -> BatteryHandle {
        let handle = BatteryHandle(declaration)
        if let violation = Event.Body.battery(declaration).violation { explain(violation + "; it is not recorded") }
        return handle
    }

    func record(_ body: Event.Body, battery: BatteryHandle, experiment: UInt64) {
        guard battery.isValid else { return journal.refuse() }
        if let violation = body.violation { return refuse(violation) }
        var fields: [(name: String, value: String)] = []
        body.forEachField { fields.append(($0, $1)) }
        let payload = fields.reduce(0) { $0 + RecordHeader.fieldHeader + $1.name.utf8.count + $1.value.utf8.count }
        journal.append(
            RecordKind(body.kind), battery: battery.bytes, experiment: experiment, count: fields.count,
            payload: payload
        ) { writer in
            for field in fields { writer.put(field: field.name, field.value) }
        }
    }

    package func flush(until confirmation: Hypero.Confirmation, deadline: MonotonicTime) -> Bool {
        let target = journal.counts.accepted
        switch confirmation {
        case .sent: return sender.wait(until: deadline) { $0.isSent(through: target) }
        case .applied: return sender.waitForApplied(through: target, until: deadline)
        }
    }

    package func close(timeout: Duration) -> Bool {
        let start = MonotonicTime.now
        journal.close()
        // The thread needs a moment to end, and the deadline is for all of it.
        let sendingDeadline = start + (timeout - min(timeout / 10, .milliseconds(50)))
        let target = journal.counts.accepted
        let isSent = sender.wait(until: sendingDeadline) { $0.isSent(through: target) }
        sender.end(deadline: start + timeout)
        return isSent
    }

    /// Counts a call that the contract does not allow, and says why.
    func refuse(_ violation: String) {
        explain(violation + "; it is not recorded")
        journal.refuse()
    }

    private func explain(_ sentence: String) {
        guard refusals.add(1, ordering: .relaxed).newValue <= Self.explainedRefusals else { return }
        notify(sentence)
    }
}
