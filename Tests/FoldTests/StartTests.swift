import HyperoIngest
import HyperoSchema
import Testing

/// The status of an experiment after a start that arrives late.
@Suite struct StartTests {
    private func start(_ host: String, at time: Int64) -> Event {
        Shorthand.event(.start(Event.Start(host: host)), at: time)
    }

    private func end(at time: Int64) -> Event { Shorthand.event(.end(.failed, reason: "why"), at: time) }

    private func store(_ events: [Event], inOneBatch: Bool) -> IndexStore {
        var store = IndexStore()
        let all = [Shorthand.declared()] + events
        if inOneBatch { store.add(all) } else { store.addOneByOne(all) }
        return store
    }

    @Test(arguments: [true, false])
    func `A late start records its host and does not reopen an experiment that has ended`(inOneBatch: Bool) {
        let store = store(
            [Shorthand.row(1, ["valid": "1"], at: 30), end(at: 40), start("h", at: 20)], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "failed")
        #expect(store.experiment["reason"] == "why")
        #expect(store.experiment["host"] == "h")
    }

    @Test(arguments: [true, false])
    func `A start that is later than every other event reopens an experiment`(inOneBatch: Bool) {
        let store = store([start("h", at: 20), end(at: 40), start("i", at: 41)], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["reason"] == nil)
        #expect(store.experiment["host"] == "i")
    }

    @Test(arguments: [true, false])
    func `A start is late if any other event is later, and keeps an experiment running that has not ended`(
        inOneBatch: Bool
    ) {
        let store = store([Shorthand.row(1, ["valid": "1"], at: 30), start("h", at: 20)], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "running")
    }
}
