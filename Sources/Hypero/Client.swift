import Glibc
package import HyperoCore
import HyperoRedis
package import HyperoSchema
import Synchronization

/// A producer with its journal and its sender, shared by ``Hypero``, its batteries and its experiments.
///
/// When the last of these is released, the sender sends the remaining events and ends.
package final class Client: Sendable {
    package struct Configuration: Sendable {
        package var url: String?
        package var namespace: String?
        package var partitions: Int?
        package var seed: UInt64?
        /// The maximum size of the journal in bytes.
        package var journalLimit = 256 << 20
        /// The size of a segment in bytes.
        package var segmentSize = 8 << 20
        /// The time for which an applied event stays in the journal.
        package var durabilityWindow = DurabilityWindow.defaultDuration
        /// The lifetime of the producer's key in Redis.
        package var keyLifetime = KeyLifetime()
        /// The function that looks up an environment variable.
        package var environment: @Sendable (String) -> String? = ProcessEnvironment.value(of:)
        /// The function that shows a notice to the user.
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
    private let reports = Atomic<Int>(0)
    private let notify: @Sendable (String) -> Void

    /// The maximum number of invalid calls to report. All invalid calls are counted.
    private static let maxReports = 5

    package convenience init(_ configuration: Configuration) throws(SchemaError) {
        Rehearsal.run()
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
            partitions: partitions, serverURL: url.serverURL, environment: environment,
            isSamePartition: { Keyspace.partition(of: $0, among: partitions) == partition })
        guard let journal = Journal(identity, settings) else {
            throw SchemaError(
                "cannot create the journal: no memory for a segment of \(configuration.segmentSize) bytes")
        }
        let sender = Sender(
            Delivery.Configuration(
                journal: journal, url: url, keyspace: keyspaces[partition],
                durabilityWindow: configuration.durabilityWindow, keyLifetime: configuration.keyLifetime,
                notify: configuration.notify),
            adoption: Adoption.Scope(
                root: settings.adoptableRoot, url: url, keyspaces: keyspaces, matchesServer: true,
                durabilityWindow: configuration.durabilityWindow, notify: configuration.notify))
        self.init(journal, sender, notify: configuration.notify)
        sender.start()
    }

    /// Creates a client whose sender is not started.
    init(_ journal: Journal, _ sender: Sender, notify: @escaping @Sendable (String) -> Void) {
        self.journal = journal
        self.sender = sender
        self.notify = notify
        // Unowned, because the sender owns the journal. The client, which makes the log call, keeps the sender alive.
        journal.onChildStart { [unowned sender] in sender.start() }
        ForkGuard.add(journal)
        ForkGuard.add(sender)
    }

    deinit {
        // While the client still holds both, so that no visit of the fork guard releases the last reference.
        ForkGuard.remove(sender)
        ForkGuard.remove(journal)
        sender.endWhenSent()
    }

    package var counters: Counters {
        // Read the progress first, so that `sent` never exceeds `accepted`. Events accepted between the two reads count
        // as queued.
        let progress = sender.progress
        let (accepted, dropped) = journal.counts
        return Counters(
            accepted: accepted, sent: progress.sent, applied: progress.applied, dead: progress.dead,
            released: progress.released, adopted: progress.adopted, damaged: progress.damaged, dropped: dropped)
    }

    package var producer: ProducerID { journal.identity.producer }
    package var seed: UInt64 { journal.identity.seed }

    /// Returns a battery's handle. A declaration that breaks the contract is reported, and its handle records nothing.
    func makeHandle(_ declaration: Event.Declaration) -> BatteryHandle {
        let handle = BatteryHandle(declaration)
        if let violation = Event.Body.battery(declaration).violation { report("battery", violation: violation) }
        return handle
    }

    /// Records the declaration of a battery.
    ///
    /// The declaration precedes all other events of the battery in the sequence of this producer, because the ingest
    /// applies no event of an undeclared battery. In a forked child, the first event of an inherited battery therefore
    /// declares the battery again: the child's events may arrive before its parent's. An inherited experiment needs no
    /// other event first, since the ingest creates an experiment from any of its events.
    ///
    /// - Returns: false if the declaration, and with it the event that needs it, is dropped. It is then counted.
    @inline(never)
    func declare(_ battery: BatteryHandle) -> Bool {
        guard battery.isValid else {
            journal.countInvalid()
            return false
        }
        let generation = journal.generation
        let isRecorded = append(
            .battery(battery.declaration), battery: battery,
            subject: Journal.Subject(experiment: 0, generation: generation))
        if isRecorded { battery.setDeclared(in: generation) }
        return isRecorded
    }

    func record(_ body: Event.Body, battery: BatteryHandle, subject: Journal.Subject) {
        guard battery.isValid else { return journal.countInvalid() }
        if let violation = body.violation { return reject(violation) }
        guard battery.isDeclared(in: journal.generation) || declare(battery) else { return }
        _ = append(body, battery: battery, subject: subject)
    }

    private func append(_ body: Event.Body, battery: BatteryHandle, subject: Journal.Subject) -> Bool {
        var fields: [(name: String, value: String)] = []
        body.forEachField { fields.append(($0, $1)) }
        let payload = fields.reduce(0) { $0 + RecordHeader.fieldHeader + $1.name.utf8.count + $1.value.utf8.count }
        return journal.append(
            RecordKind(body.kind), battery: battery.bytes, subject: subject, count: fields.count, payload: payload
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
        // Reserve a part of the timeout for the end of the thread: the timeout covers sending and ending.
        let sendingDeadline = start + (timeout - min(timeout / 10, .milliseconds(50)))
        let target = journal.counts.accepted
        let isSent = sender.wait(until: sendingDeadline) { $0.isSent(through: target) }
        sender.end(deadline: start + timeout)
        return isSent
    }

    /// Counts an event outside the limits of the contract, and reports the violation.
    func reject(_ violation: String) {
        report("event", violation: violation)
        journal.countInvalid()
    }

    private func report(_ subject: String, violation: String) {
        guard reports.add(1, ordering: .relaxed).newValue <= Self.maxReports else { return }
        notify("\(subject) not recorded: \(violation)")
    }
}
