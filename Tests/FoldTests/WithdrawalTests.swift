import HyperoIngest
import HyperoSchema
import Testing

/// Rows that a resumed training withdraws.
@Suite struct WithdrawalTests {
    private static let rows = [
        Shorthand.row(1, ["valid": "0.5", "test": "1"]), Shorthand.row(2, ["valid": "0.6"]),
        Shorthand.row(3, ["valid": "0.9", "test": "3"]), Shorthand.row(4, ["valid": "0.7"]),
    ]

    private func resumed(from epoch: Int, at time: Int64 = 50, by producer: String? = nil) -> Event {
        var event = Shorthand.event(.start(Event.Start(attempt: 2, from: epoch)), at: time)
        event.origin = producer.map { Event.Origin(producer: ProducerID($0)!, seq: 1) }
        return event
    }

    private func store(_ events: [Event], inOneBatch: Bool) -> IndexStore {
        var store = IndexStore()
        let all = [Shorthand.declared()] + events
        if inOneBatch { store.add(all) } else { store.addOneByOne(all) }
        return store
    }

    @Test(arguments: [true, false])
    func `A resume withdraws the rows from its epoch on, and the maxima follow`(inOneBatch: Bool) {
        let store = store(Self.rows + [resumed(from: 3)], inOneBatch: inOneBatch)
        #expect(store.curve == ["1": "valid=0.5 test=1", "2": "valid=0.6"])
        #expect(store.maxima == ["max.valid": "0.6", "max.epoch": "2", "max.source": "curve"])
        #expect(store.ranks == ["valid": 0.6])
        #expect(store.experiment["epochs"] == "2")
        #expect(store.experiment["resumed"] == "3 50 ? 2")
    }

    @Test(arguments: [true, false])
    func `A withdrawn row that is logged again has none of its earlier channels`(inOneBatch: Bool) {
        let store = store(
            Self.rows + [resumed(from: 3), Shorthand.row(3, ["valid": "0.8"], at: 60)], inOneBatch: inOneBatch)
        #expect(store.curve == ["1": "valid=0.5 test=1", "2": "valid=0.6", "3": "valid=0.8"])
        #expect(store.maxima == ["max.valid": "0.8", "max.epoch": "3", "max.source": "curve"])
        #expect(store.experiment["epochs"] == "3")
    }

    @Test(arguments: [true, false])
    func `A resume from the first epoch leaves neither rows nor maxima`(inOneBatch: Bool) {
        let store = store(Self.rows + [resumed(from: 0)], inOneBatch: inOneBatch)
        #expect(store.curve == [:])
        #expect(store.maxima == [:])
        #expect(store.ranks == [:])
        #expect(store.experiment["epochs"] == nil)
    }

    @Test(arguments: [true, false])
    func `A resume after the last epoch withdraws nothing`(inOneBatch: Bool) {
        let store = store(Self.rows + [resumed(from: 5)], inOneBatch: inOneBatch)
        #expect(store.curve.count == 4)
        #expect(store.maxima["max.epoch"] == "3")
    }

    @Test(arguments: [true, false])
    func `Rows of the abandoned attempt that arrive after the resume stay away, and later ones do not`(
        inOneBatch: Bool
    ) {
        var own = Shorthand.row(4, ["valid": "0.1"], at: 45)
        own.origin = Event.Origin(producer: ProducerID("p2")!, seq: 2)
        let store = store(
            Self.rows + [
                resumed(from: 3, by: "p2"), Shorthand.row(3, ["valid": "0.99"], at: 40),
                Shorthand.row(2, ["test": "7"], at: 40), own, Shorthand.row(5, ["valid": "0.2"], at: 60),
            ], inOneBatch: inOneBatch)
        #expect(
            store.curve == ["1": "valid=0.5 test=1", "2": "valid=0.6 test=7", "4": "valid=0.1", "5": "valid=0.2"])
        #expect(store.experiment["resumed"] == "3 50 p2 2")
    }

    @Test(arguments: [true, false])
    func `A start that arrives again, also from a forked child, withdraws no row that was logged after it`(
        inOneBatch: Bool
    ) {
        let store = store(
            Self.rows + [
                resumed(from: 3, by: "p2"), Shorthand.row(3, ["valid": "0.8"], at: 60), resumed(from: 3),
                resumed(from: 3, by: "p3"),
            ], inOneBatch: inOneBatch)
        #expect(store.curve["3"] == "valid=0.8")
        #expect(store.maxima["max.epoch"] == "3")
        #expect(store.experiment["resumed"] == "3 50 p2 2")
    }

    @Test(arguments: [true, false])
    func `Rows of the first attempt stay away after two resumes`(inOneBatch: Bool) {
        func late(_ epoch: Int, _ time: Int64, by producer: String) -> Event {
            var event = Shorthand.row(epoch, ["valid": "0.99"], at: time)
            event.origin = Event.Origin(producer: ProducerID(producer)!, seq: UInt64(epoch))
            return event
        }
        let store = store(
            Self.rows + [
                resumed(from: 3, at: 50, by: "p2"), resumed(from: 20, at: 80, by: "p3"), late(7, 40, by: "p1"),
                late(8, 60, by: "p1"), late(25, 60, by: "p2"), late(2, 40, by: "p1"),
            ], inOneBatch: inOneBatch)
        #expect(store.curve.keys.sorted() == ["1", "2", "8"])
        #expect(store.experiment["resumed"] == "3 50 p2 2, 20 80 p3 2")
    }

    @Test(arguments: [true, false])
    func `A resume that arrives after a later start withdraws no row that was applied before`(inOneBatch: Bool) {
        let store = store(
            [Shorthand.event(.start(Event.Start(attempt: 3)), at: 70)] + Self.rows + [resumed(from: 1)],
            inOneBatch: inOneBatch)
        #expect(store.curve.count == 4)
        #expect(store.experiment["attempt"] == "3")
    }

    @Test(arguments: [true, false])
    func `A resume that arrives after the next one withdraws the rows of earlier processes that arrive later still`(
        inOneBatch: Bool
    ) {
        func sent(_ event: Event, _ seq: UInt64, by producer: String) -> Event {
            var event = event
            event.origin = Event.Origin(producer: ProducerID(producer)!, seq: seq)
            return event
        }
        let store = store(
            [
                resumed(from: 10, at: 80, by: "p3"), resumed(from: 5, at: 50, by: "p2"),
                sent(Shorthand.row(7, ["valid": "0.2"], at: 60), 2, by: "p2"),
                sent(Shorthand.row(4, ["valid": "0.1"], at: 20), 1, by: "p1"),
                sent(Shorthand.row(7, ["valid": "0.9"], at: 30), 2, by: "p1"),
            ], inOneBatch: inOneBatch)
        #expect(store.curve == ["4": "valid=0.1", "7": "valid=0.2"])
        #expect(store.experiment["resumed"] == "5 50 p2 2, 10 80 p3 2")
    }

    @Test(arguments: [1, 1_000])
    func `Withdrawals in any order leave the rows below the lowest`(count: Int) {
        let curve = Shorthand.event(.curve(first: 1, [Event.Series("valid", (1...count).map { Number(Double($0)) })]))
        for epochs in [[count / 2, count / 4], [count / 4, count / 2]] {
            for inOneBatch in [true, false] {
                let store = store([curve] + epochs.map { resumed(from: $0) }, inOneBatch: inOneBatch)
                #expect(store.curve.count == max(count / 4 - 1, 0))
                #expect(store.experiment["epochs"] == (count < 8 ? nil : String(count / 4 - 1)))
                #expect(store.ranks["valid"] == (count < 8 ? nil : Double(count / 4 - 1)))
            }
        }
    }
}
