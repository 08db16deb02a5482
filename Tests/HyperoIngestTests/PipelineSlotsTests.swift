import HyperoIngest
import HyperoRedis
import HyperoSchema
import Testing

@Suite struct PipelineSlotsTests {
    @Test func `A batch passes from prefetched through next and in flight to applied`() throws {
        var model = try SlotsModel(entries: 2)
        #expect(model.slots.next?.isEmpty == true)
        model.perform(.submit)
        model.perform(.complete)
        model.perform(.read)
        #expect(model.ids == SlotsModel.IDs(applied: 0, prefetched: [1]))
        model.perform(.fold)
        #expect(model.ids == SlotsModel.IDs(applied: 0, next: [1]))
        model.perform(.submit)
        #expect(model.ids == SlotsModel.IDs(applied: 0, inFlight: [1]))
        #expect(!model.slots.hasAppliedChanges)
        model.perform(.complete)
        #expect(model.ids == SlotsModel.IDs(applied: 1))
        #expect(model.slots.hasAppliedChanges)
    }

    @Test func `One batch is in flight while the next is folded and a third is prefetched`() throws {
        var model = try SlotsModel(entries: 3)
        for operation in SlotsModel.fillAllSlots { model.perform(operation) }
        #expect(model.ids == SlotsModel.IDs(applied: 0, inFlight: [1], next: [2], prefetched: [3]))
    }

    @Test func `The slots resume at the position of the checkpoint`() throws {
        let position = StreamPosition(id: StreamID(milliseconds: 7, sequence: 1), entries: 3)
        let slots = PipelineSlots(
            resumingAt: FoldedBatch(resumingAt: position), mayHaveMore: false, in: try Keyspace.all()[0])
        #expect(slots.readPosition == position)
        #expect(slots.applied == position)
        #expect(slots.isCaughtUp)
    }

    @Test func `An empty next batch is replaced when entries were read`() throws {
        var model = try SlotsModel(entries: 1)
        #expect(model.slots.isNextEmpty)
        model.perform(.read)
        model.perform(.fold)
        #expect(model.ids == SlotsModel.IDs(applied: 0, next: [1]))
        #expect(!model.slots.isNextEmpty)
    }

    @Test func `Without a prefetched batch an empty batch is folded at the read position`() throws {
        var model = try SlotsModel(entries: 1)
        for operation: SlotsModel.Operation in [.read, .fold, .submit, .complete, .fold] { model.perform(operation) }
        #expect(model.slots.isNextEmpty)
        #expect(model.slots.next?.cursor == model.slots.applied.id)
    }

    @Test func `The slots are caught up when all entries are applied and the stream has no more`() throws {
        var model = try SlotsModel(entries: 1)
        for operation: SlotsModel.Operation in [.submit, .complete, .read, .fold, .submit, .complete] {
            #expect(!model.slots.isCaughtUp)
            model.perform(operation)
        }
        #expect(model.slots.isCaughtUp)
    }

    @Test func `A lookup excludes the subjects of the next batch, which is applied after the reply to the lookup`()
        throws
    {
        var model = try SlotsModel(entries: 2)
        model.perform(.read)
        var queued = model.slots.fold()
        var lookup = try #require(queued)
        // A state with a read error is not cached. Only the next batch excludes its battery from the lookup.
        lookup.state.producers[0] = Watermark()
        lookup.state.batteries[0] = BatteryState(readError: "WRONGTYPE")
        model.slots.resolve(lookup)
        #expect(model.slots.fold() == nil)
        model.perform(.read)
        queued = model.slots.queueLookup()
        lookup = try #require(queued)
        #expect(lookup.missing.producers == [0] && lookup.missing.experiments == [0])
        #expect(lookup.missing.batteries.isEmpty)
        #expect(lookup.state.batteries[0] == nil)
    }

    @Test func `Subjects in the cache are not looked up`() throws {
        var model = try SlotsModel(entries: 3)
        for operation in SlotsModel.fillAllSlots { model.perform(operation) }
        let queued = model.slots.queueLookup()
        let lookup = try #require(queued)
        #expect(lookup.missing.producers.isEmpty && lookup.missing.batteries.isEmpty)
        #expect(lookup.missing.experiments == [0])
    }

    @Test func `A queued lookup is returned once, by the submit that sends it`() throws {
        var model = try SlotsModel(entries: 2)
        model.perform(.read)
        #expect(model.slots.queueLookup() != nil)
        #expect(model.slots.queueLookup() == nil)
        #expect(model.slots.submit() != nil)
        #expect(model.slots.complete().isEmpty)
    }

    @Test func `After a failed command the next batch is folded again and the prefetched batch is read again`() throws {
        var model = try SlotsModel(entries: 3)
        for operation in SlotsModel.fillAllSlots { model.perform(operation) }
        model.perform(.completeWithFailure)
        #expect(model.ids == SlotsModel.IDs(applied: 1, prefetched: [2]))
        #expect(model.slots.mayHaveMore)
        model.perform(.fold)
        model.perform(.read)
        #expect(model.ids == SlotsModel.IDs(applied: 1, next: [2], prefetched: [3]))
    }

    @Test func `After a failed command a prefetched batch that was not folded stays, and its state is looked up again`()
        throws
    {
        var model = try SlotsModel(entries: 2)
        for operation: SlotsModel.Operation in [.submit, .complete, .read, .fold, .submit, .read] {
            model.perform(operation)
        }
        model.perform(.completeWithFailure)
        #expect(model.ids == SlotsModel.IDs(applied: 1, prefetched: [2]))
        let queued = model.slots.queueLookup()
        let lookup = try #require(queued)
        #expect(lookup.missing.batteries.count == 1)
    }

    @Test func `The applied position stays if the cursor was not written`() throws {
        var model = try SlotsModel(entries: 1)
        for operation: SlotsModel.Operation in [.submit, .complete, .read, .fold, .submit] { model.perform(operation) }
        let failure = Transaction.Failure(.cursor, error: RedisError(.wrongType, "WRONGTYPE"))
        #expect(model.slots.complete(failures: [failure]).batch.items.count == 1)
        #expect(model.slots.applied.id == .zero)
        #expect(!model.slots.hasAppliedChanges)
        model.slots.rollBack()
        #expect(model.slots.readPosition.id == .zero)
    }

    @Test(arguments: 0...7)
    func `After a rollback the next read starts at the applied position`(operations: Int) throws {
        var model = try SlotsModel(entries: 3)
        for operation in SlotsModel.fillAllSlots.prefix(operations) { model.perform(operation) }
        let applied = model.slots.applied
        model.perform(.rollBack)
        #expect(model.ids == SlotsModel.IDs(applied: 0))
        #expect(model.slots.readPosition == applied)
        #expect(model.slots.mayHaveMore)
    }

    @Test func `No order of operations applies an entry twice, skips one or folds onto a wrong state`() throws {
        var count = 0
        func explore(_ model: SlotsModel, depth: Int) {
            count += 1
            guard depth > 0 else { return }
            for operation in SlotsModel.Operation.allCases where model.allows(operation) {
                var model = model
                model.perform(operation)
                if let violation = model.violation {
                    Issue.record("\(violation) after \(model.history)")
                    return
                }
                explore(model, depth: depth - 1)
            }
        }
        explore(try SlotsModel(entries: 4), depth: 10)
        #expect(count > 10_000)
    }
}

extension PipelineSlotsTests {
    @Test func `Entries that were removed before they were read are counted with the batch before the read`() throws {
        var model = try SlotsModel(entries: 4)
        for operation: SlotsModel.Operation in [.submit, .complete, .fold] { model.perform(operation) }
        // Entries 1 and 2 were removed, so reading starts at entry 3.
        model.removeUnread(2)
        model.perform(.read)
        var stream = StreamInfo()
        (stream.length, stream.entriesAdded, stream.lastID) = (2, 4, SlotsModel.id(4))
        (stream.firstEntryID, stream.lastEntryID) = (SlotsModel.id(3), SlotsModel.id(4))
        // The stream has entries on both sides of the read position, so the number of missed entries is unknown.
        #expect(model.slots.countMissed(in: stream) == .missed(0))
        (stream.length, stream.firstEntryID) = (1, SlotsModel.id(4))
        #expect(model.slots.countMissed(in: stream) == .missed(2))
        #expect(model.slots.next?.missedEntries == 2)
        #expect(model.slots.next?.position == StreamPosition(id: .zero, entries: 2))
        #expect(model.slots.readPosition == StreamPosition(id: SlotsModel.id(3), entries: 3, read: 1))
        #expect(!model.slots.isNextEmpty)
    }

    @Test func `A stream that ends before the read position is another stream`() throws {
        var model = try SlotsModel(entries: 3)
        for operation: SlotsModel.Operation in [.submit, .complete, .fold, .read] { model.perform(operation) }
        var stream = StreamInfo()
        stream.lastID = .zero
        #expect(model.slots.countMissed(in: stream) == .otherStream)
        #expect(model.slots.next?.missedEntries == 0)
    }
}

/// The slots, the stream that they read, and the server that applies their batches. Each read has one entry.
///
/// Entry 1 declares a battery, the others are parameters. The producers 0 and 1 write in turn, from one experiment
/// each.
private struct SlotsModel {
    enum Operation: CaseIterable {
        case read, queueLookup, fold, submit, complete, completeWithFailure, rollBack
    }

    /// Fills each slot with one entry, as a pipeline with a backlog does.
    static let fillAllSlots: [Operation] = [.read, .fold, .read, .queueLookup, .submit, .fold, .read]

    /// The numbers of the entries in each slot.
    struct IDs: Equatable {
        var applied: UInt64
        var inFlight: [UInt64] = []
        var next: [UInt64] = []
        var prefetched: [UInt64] = []
    }

    var slots: PipelineSlots
    private let entries: Int
    private var firstEntry = 1
    /// The numbers of the entries that were applied, in order.
    private var applied: [UInt64] = []
    private(set) var history: [Operation] = []

    init(entries: Int) throws {
        self.entries = entries
        slots = PipelineSlots(
            resumingAt: FoldedBatch(resumingAt: StreamPosition(id: .zero, entries: 0)), mayHaveMore: true,
            in: try Keyspace.all()[0])
    }

    static func id(_ number: Int) -> StreamID { StreamID(milliseconds: UInt64(number), sequence: 0) }

    /// Removes entries from the start of the stream.
    mutating func removeUnread(_ count: Int) {
        firstEntry += count
    }

    var ids: IDs {
        func numbers(_ batch: DecodedBatch?) -> [UInt64] { batch?.items.map(\.id.milliseconds) ?? [] }
        return IDs(
            applied: slots.applied.id.milliseconds, inFlight: numbers(slots.inFlight?.batch),
            next: numbers(slots.next?.batch), prefetched: numbers(slots.prefetched?.batch))
    }

    func allows(_ operation: Operation) -> Bool {
        switch operation {
        case .read: slots.prefetched == nil && slots.mayHaveMore
        case .queueLookup: slots.prefetched != nil && history.last != .queueLookup
        case .fold: slots.isNextEmpty && (slots.next == nil || slots.prefetched != nil)
        case .submit: slots.next != nil && slots.inFlight == nil
        case .complete: slots.inFlight != nil
        case .completeWithFailure: slots.inFlight?.isEmpty == false
        case .rollBack: history.last != .rollBack
        }
    }

    mutating func perform(_ operation: Operation) {
        history.append(operation)
        switch operation {
        case .read: slots.adopt(read())
        case .queueLookup: _ = slots.queueLookup()
        case .fold: fold()
        case .submit: if let lookup = slots.submit() { slots.resolve(resolved(lookup)) }
        case .complete: apply(slots.complete())
        case .completeWithFailure:
            let failure = Transaction.Failure(.change(0), error: RedisError(.wrongType, "WRONGTYPE"))
            apply(slots.complete(failures: [failure]))
        case .rollBack: slots.rollBack()
        }
    }

    private mutating func fold() {
        while let lookup = slots.fold() {
            // With a transaction in flight, the pipeline folds again after the outcome of the transaction.
            guard slots.inFlight == nil else { return }
            slots.resolve(resolved(lookup))
        }
    }

    private mutating func apply(_ batch: FoldedBatch) {
        applied += batch.batch.items.map(\.id.milliseconds)
    }

    private func read() -> ReadBatch {
        let number = max(Int(slots.readPosition.id.milliseconds) + 1, firstEntry)
        var batch = DecodedBatch()
        if number <= entries { batch.append(Self.id(number), event: .success(event(number))) }
        return ReadBatch(batch: batch, mayHaveMore: number < entries)
    }

    private func event(_ number: Int) -> Event {
        let producer = ProducerID("p\((number - 1) % 2)")!
        let declaration = Event.Declaration(name: "B", version: 1, description: "")
        return Event(
            experiment: number == 1 ? nil : ExperimentID(producer: producer, number: 1), battery: BatteryID("b")!,
            origin: Event.Origin(producer: producer, seq: UInt64((number + 1) / 2)), time: Int64(number),
            body: number == 1 ? .battery(declaration) : .param([]))
    }

    /// Returns a lookup with the state of a server that has applied the entries in `applied`.
    private func resolved(_ lookup: StateLookup) -> StateLookup {
        var lookup = lookup
        for index in lookup.missing.producers {
            let number = lookup.batch.producers[index] == ProducerID("p0") ? 0 : 1
            let seq = applied.count { (Int($0) - 1) % 2 == number }
            lookup.state.producers[index] = Watermark(seq: "\(seq)", time: "0", missing: nil)
        }
        for index in lookup.missing.batteries {
            lookup.state.batteries[index] = BatteryState(
                fields: applied.isEmpty ? [] : [(BatteryField.objective, "valid"), (BatteryField.direction, "max")])
        }
        for index in lookup.missing.experiments {
            let isFirst = lookup.batch.experiments[index] == ExperimentID("p0-1")
            let exists = applied.contains(isFirst ? 3 : 2)
            lookup.state.experiments[index] = ExperimentState(
                values: ExperimentState.fields.map { $0 == ExperimentField.battery && exists ? "b" : nil })
        }
        return lookup
    }

    /// The description of an invariant that does not hold; nil if all hold.
    var violation: String? {
        let ids = ids
        if applied.enumerated().contains(where: { $1 != UInt64($0) + 1 }) { return "applied \(applied)" }
        if ids.applied != UInt64(applied.count) { return "the cursor is \(ids.applied) with \(applied.count) applied" }
        let pending = ids.inFlight + ids.next + ids.prefetched
        if pending.enumerated().contains(where: { $1 != ids.applied + UInt64($0) + 1 }) { return "pending \(ids)" }
        if slots.readPosition.id.milliseconds != ids.applied + UInt64(pending.count) { return "the read position" }
        if slots.readPosition.entries != applied.count + pending.count { return "the count of entries read" }
        for batch in [slots.inFlight, slots.next].compactMap({ $0 }) {
            let counts = batch.result.counts
            if counts.applied != batch.batch.items.count || counts.gaps != 0 { return "the fold: \(counts)" }
        }
        if history.last == .rollBack, !pending.isEmpty { return "pending after a rollback: \(ids)" }
        return nil
    }
}
