import HyperoIngest
import HyperoSchema
import Testing

/// Events of a process whose experiment another process has resumed: their clocks differ, and they arrive in any order.
@Suite struct SuccessionTests {
    /// Returns an event of a process. The experiment `e-1` is the one of the process `e`.
    private func event(_ body: Event.Body, by producer: String?, at time: Int64) -> Event {
        var event = Shorthand.event(body, at: time)
        // Without numbers that must be in order: the tests permute the events.
        event.origin = producer.map { Event.Origin(producer: ProducerID($0)!, seq: UInt64(time)) }
        return event
    }

    private func start(by producer: String?, at time: Int64, attempt: Int? = nil, from: Int? = nil) -> Event {
        event(.start(Event.Start(attempt: attempt, from: from)), by: producer, at: time)
    }

    private func row(_ epoch: Int, _ valid: String, by producer: String?, at time: Int64) -> Event {
        event(.epoch(epoch, [CurveRow.Cell("valid", Number(Double(valid)!))]), by: producer, at: time)
    }

    private func store(_ events: [Event], inOneBatch: Bool) -> IndexStore {
        var store = IndexStore()
        let all = [Shorthand.declared()] + events
        if inOneBatch { store.add(all) } else { store.addOneByOne(all) }
        return store
    }

    @Test(arguments: [true, false], ["f", nil])
    func `A resume on a host whose clock is late counts, because its attempt is higher`(
        inOneBatch: Bool, producer: String?
    ) {
        let store = store(
            [
                start(by: producer == nil ? nil : "e", at: 20, attempt: 1), row(5, "0.99", by: "e", at: 25),
                event(.end(.failed, reason: "killed"), by: producer == nil ? nil : "e", at: 40),
                start(by: producer, at: 30, attempt: 2, from: 3), row(3, "0.3", by: producer, at: 35),
                row(4, "0.2", by: producer == nil ? nil : "child", at: 36),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["3": "valid=0.3", "4": "valid=0.2"])
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["since"] == "40")
        #expect(store.experiment["reason"] == nil)
        #expect(store.ranks == ["valid": 0.3])
    }

    @Test(arguments: [true, false])
    func `The third process counts although its clock is behind the start of the second`(inOneBatch: Bool) {
        let store = store(
            [
                start(by: "e", at: 20), start(by: "f", at: 60, attempt: 2, from: 3), row(4, "0.9", by: "f", at: 61),
                start(by: "g", at: 40, attempt: 3, from: 4), row(4, "0.2", by: "g", at: 41),
                row(5, "0.8", by: "f", at: 62),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["4": "valid=0.2"])
        #expect(store.experiment["producer"] == "g")
    }

    @Test(arguments: [true, false])
    func `A process ends what it runs, although its clock is behind the end of the process before it`(inOneBatch: Bool)
    {
        let store = store(
            [
                start(by: "e", at: 20), event(.end(.failed, reason: nil), by: "e", at: 40),
                start(by: "f", at: 30, attempt: 2, from: 3), event(.end(.done, reason: nil), by: "f", at: 35),
            ], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "done")
    }

    @Test(arguments: [true, false])
    func `A start of the first attempt that arrives late does not resume, whatever its clock says`(inOneBatch: Bool) {
        let store = store(
            [
                start(by: "f", at: 30, attempt: 2, from: 3), event(.end(.done, reason: nil), by: "f", at: 35),
                start(by: "e", at: 50, attempt: 1),
            ], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "done")
        #expect(store.experiment["producer"] == "f")
    }

    @Test(arguments: [true, false])
    func `An end by a forked child stays, although the start of its parent arrives later`(inOneBatch: Bool) {
        let store = store(
            [
                start(by: "e", at: 20), event(.end(.done, reason: nil), by: "child", at: 40),
                start(by: "f", at: 30, attempt: 2, from: 3),
            ], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "done")
    }

    @Test(arguments: [true, false])
    func `A process whose experiment another one has resumed withdraws no row, ends nothing and ranks nothing`(
        inOneBatch: Bool
    ) {
        let store = store(
            [
                start(by: "e", at: 20), row(1, "0.1", by: "e", at: 21), start(by: "f", at: 30, attempt: 2, from: 2),
                row(2, "0.2", by: "f", at: 31), row(2, "0.95", by: "e", at: 32), row(0, "0.05", by: "e", at: 33),
                event(.end(.done, reason: nil), by: "f", at: 34), event(.end(.failed, reason: "x"), by: "e", at: 35),
            ], inOneBatch: inOneBatch)
        // A row before the checkpoint is not withdrawn.
        #expect(store.curve == ["0": "valid=0.05", "1": "valid=0.1", "2": "valid=0.2"])
        #expect(store.experiment["status"] == "done")
        #expect(store.experiment["reason"] == nil)
        #expect(store.ranks == ["valid": 0.2])
    }

    @Test(arguments: [true, false])
    func `Stated maxima of a withdrawn epoch that arrive late are dropped, and those before it count`(inOneBatch: Bool)
    {
        func maxima(_ channel: String, epoch: Int) -> Event.Body {
            .maxima(epoch: epoch, [CurveRow.Cell(channel, Number(7))])
        }
        let store = store(
            [
                start(by: "f", at: 30, attempt: 2, from: 3), event(maxima("loss", epoch: 5), by: "e", at: 15),
                event(maxima("speed", epoch: 2), by: "e", at: 16),
            ], inOneBatch: inOneBatch)
        #expect(store.experiment["max.loss"] == nil)
        #expect(store.experiment["max.speed"] == "7")
    }

    @Test(arguments: [true, false])
    func `Stated maxima of a withdrawn epoch are withdrawn, and those without an epoch stay`(inOneBatch: Bool) {
        let stated = Event.Body.maxima(epoch: 5, [CurveRow.Cell("valid", Number(0.9))])
        let rows = [row(1, "0.1", by: "e", at: 21), row(5, "0.5", by: "e", at: 25)]
        var store = store(
            rows + [event(stated, by: "e", at: 26), start(by: "f", at: 30, attempt: 2, from: 3)],
            inOneBatch: inOneBatch)
        #expect(store.maxima == ["max.valid": "0.1", "max.epoch": "1", "max.source": "curve"])
        #expect(store.experiment["max.stated"] == nil)
        #expect(store.ranks == ["valid": 0.1])
        let other = Event.Body.maxima(epoch: nil, [CurveRow.Cell("valid", Number(0.9))])
        store = self.store(
            rows + [event(other, by: "e", at: 26), start(by: "f", at: 30, attempt: 2, from: 3)],
            inOneBatch: inOneBatch)
        #expect(store.maxima == ["max.valid": "0.9", "max.source": "user", "max.stated": "valid=0.9"])
    }

    @Test(arguments: [true, false])
    func `A late row of a writer without a producer is withdrawn by its time`(inOneBatch: Bool) {
        let store = store(
            [start(by: nil, at: 30, from: 2), row(5, "0.99", by: nil, at: 22), row(2, "0.2", by: nil, at: 31)],
            inOneBatch: inOneBatch)
        #expect(store.curve == ["2": "valid=0.2"])
    }

    @Test(arguments: [true, false])
    func `A start that arrives again after an end of the same millisecond does not reopen the experiment`(
        inOneBatch: Bool
    ) {
        let store = store(
            [start(by: nil, at: 30), event(.end(.done, reason: nil), by: nil, at: 30), start(by: nil, at: 30)],
            inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "done")
    }

    @Test(arguments: [true, false], [5, 3])
    func `A process whose successor resumes from its own or an earlier epoch ends nothing and ranks nothing`(
        inOneBatch: Bool, from: Int
    ) {
        let store = store(
            [
                start(by: "e", at: 20), start(by: "f", at: 30, attempt: 2, from: 5), row(5, "0.5", by: "f", at: 31),
                start(by: "g", at: 40, attempt: 3, from: from), row(5, "0.55", by: "g", at: 41),
                // Its clock is ahead, too.
                row(5, "0.99", by: "f", at: 60), event(.end(.failed, reason: "zombie"), by: "f", at: 61),
                event(
                    .maxima(epoch: 5, [CurveRow.Cell("valid", Number(0.98))]), by: "f", at: 62),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["5": "valid=0.55"])
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["producer"] == "g")
        #expect(store.experiment["resumed"] == "5 30 f 2, \(from) 40 g 3")
        #expect(store.ranks == ["valid": 0.55])
    }

    @Test(arguments: [true, false])
    func `A process of a lower attempt that arrives late withdraws and ranks nothing, whatever its clock says`(
        inOneBatch: Bool
    ) {
        let store = store(
            [
                start(by: "e", at: 20), row(1, "0.1", by: "e", at: 21), start(by: "g", at: 40, attempt: 3, from: 2),
                row(2, "0.5", by: "g", at: 41), row(6, "0.7", by: "g", at: 42),
                start(by: "f", at: 70, attempt: 2, from: 2), row(2, "0.9", by: "f", at: 71),
                event(.end(.done, reason: nil), by: "f", at: 72),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["1": "valid=0.1", "2": "valid=0.5", "6": "valid=0.7"])
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["attempt"] == "3")
        #expect(store.experiment["resumed"] == "2 70 f 2, 2 40 g 3")
    }

    @Test(arguments: [true, false])
    func `A start that arrives late is placed before that of the process that runs, although its clock is late`(
        inOneBatch: Bool
    ) {
        let store = store(
            [
                start(by: "e", at: 20), event(.end(.failed, reason: nil), by: "e", at: 60),
                // Its clock is late: only its attempt makes it the latest.
                start(by: "g", at: 30, attempt: 3, from: 4), row(4, "0.5", by: "g", at: 31),
                // States no attempt: its clock says that it is between both.
                start(by: "f", at: 50, from: 2), row(4, "0.9", by: "f", at: 51), row(3, "0.3", by: "f", at: 52),
                event(.end(.done, reason: nil), by: "g", at: 33),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["3": "valid=0.3", "4": "valid=0.5"])
        #expect(store.experiment["status"] == "done")
        #expect(store.experiment["resumed"] == "2 50 f, 4 30 g 3")
    }

    @Test(arguments: [true, false])
    func `A process that resumes without an attempt counts by its clock, also after one with an attempt`(
        inOneBatch: Bool
    ) {
        let store = store(
            [
                start(by: "e", at: 20), start(by: "f", at: 30, attempt: 2, from: 3), row(3, "0.5", by: "f", at: 31),
                start(by: "g", at: 40, from: 3), row(3, "0.6", by: "g", at: 41),
                event(.end(.failed, reason: nil), by: "f", at: 50),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["3": "valid=0.6"])
        #expect(store.experiment["producer"] == "g")
        #expect(store.experiment["status"] == "running")
    }

    @Test(arguments: [true, false])
    func `A process that resumes again and again leaves one entry of each epoch that its later starts keep`(
        inOneBatch: Bool
    ) {
        let times = Array(stride(from: Int64(100), to: 300, by: 1))
        let store = store(
            times.map { start(by: "f", at: $0, attempt: 2, from: 7) } + [start(by: "f", at: 400, attempt: 2, from: 9)],
            inOneBatch: inOneBatch)
        #expect(store.experiment["resumed"] == "7 299 f 2, 9 400 f 2")
    }
}
