import Glibc
package import HyperoCore
import HyperoRedis
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
        /// How long an event is kept after it was seen applied.
        package var settling = DurabilityWindow.usual
        /// Where variables are looked up.
        package var environment: @Sendable (String) -> String? = ProcessEnvironment.value(of:)
        /// Where notices for a person go.
        package var notify: @Sendable (String) -> Void = UserNotices.standardError

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

    let journal: Journal
    private let sender: Sender
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
        let identity = JournalIdentity(
            producer: ProducerID(using: &generator), seed: configuration.seed ?? generator.next())
        let partition = Keyspace.partition(of: identity.producer, among: partitions)
        let settings = JournalSettings(
            limit: configuration.journalLimit, segmentSize: configuration.segmentSize, tag: keyspaces[partition].tag,
            place: url.serverURL, environment: environment,
            isOurs: { Keyspace.partition(of: $0, among: partitions) == partition })
        guard let journal = Journal(identity, settings) else {
            throw SchemaError("there is no memory for a journal of \(configuration.segmentSize)")
        }
        notify = configuration.notify
        self.journal = journal
        let sender = Sender(
            journal: journal, url: url, keyspace: keyspaces[partition],
            adoption: Adoption.Scope(
                folder: settings.folder, url: url, keyspaces: keyspaces, isOfPlaceOnly: true,
                settling: configuration.settling, notify: notify),
            notify: notify)
        self.sender = sender
        // The client, whose caller it is, keeps the sender.
        journal.whenBegunAnew { [unowned sender] in sender.begin() }
        ForkGuard.add(journal, sender)
        sender.begin()
    }

    deinit {
        ForkGuard.remove(journal)
        sender.endWhenSent()
    }

    package var counters: Counters {
        // What was sent is read first: what is accepted meanwhile only adds to the queue.
        let progress = sender.progress
        let (accepted, dropped) = journal.counts
        return Counters(
            accepted: accepted, sent: progress.sent, applied: progress.applied, released: progress.released,
            adopted: progress.adopted, damaged: progress.damaged, dropped: dropped)
    }

    package var producer: ProducerID { journal.identity.producer }
    package var seed: UInt64 { journal.identity.seed }

    /// A battery's handle; one that the contract does not allow is said so, and records nothing.
    func handle(_ declaration: Event.Declaration) -> BatteryHandle {
        let handle = BatteryHandle(declaration)
        if let violation = Event.Body.battery(declaration).violation { explain(violation + "; it is not recorded") }
        return handle
    }

    func record(_ body: Event.Body, battery: BatteryHandle, _ subject: Journal.Subject) {
        guard battery.isValid else { return journal.refuse() }
        if let violation = body.violation { return refuse(violation) }
        var fields: [(name: String, value: String)] = []
        body.forEachField { fields.append(($0, $1)) }
        let payload = fields.reduce(0) { $0 + RecordHeader.fieldHeader + $1.name.utf8.count + $1.value.utf8.count }
        journal.append(
            RecordKind(body.kind), battery: battery.bytes, subject, count: fields.count, payload: payload
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
