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
    func `A start that is later than the end reopens an experiment, although another event was still later`(
        inOneBatch: Bool
    ) {
        let store = store(
            [end(at: 40), Shorthand.row(1, ["valid": "1"], at: 60), start("h", at: 50)], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["since"] == "50")
    }

    @Test(arguments: [true, false])
    func `The end of an earlier attempt does not end a later one`(inOneBatch: Bool) {
        let store = store(
            [
                start("h", at: 20), Shorthand.event(.start(Event.Start(host: "i", attempt: 2)), at: 50), end(at: 40),
                Shorthand.event(.end(.lost, reason: nil), at: 30),
            ], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["attempt"] == "2")
        #expect(store.experiment["host"] == "i")
    }

    @Test(arguments: [true, false])
    func `An end as lost only replaces running, and the end that arrives after it replaces lost`(inOneBatch: Bool) {
        let lost = Shorthand.event(.end(.lost, reason: nil), at: 50)
        let ended = store([start("h", at: 20), end(at: 40), lost], inOneBatch: inOneBatch)
        #expect(ended.experiment["status"] == "failed")
        #expect(ended.experiment["reason"] == "why")
        #expect(store([start("h", at: 20), lost], inOneBatch: inOneBatch).experiment["status"] == "lost")
        let late = store([start("h", at: 20), lost, end(at: 60)], inOneBatch: inOneBatch)
        #expect(late.experiment["status"] == "failed")
    }

    @Test(arguments: [true, false])
    func `A start is late if any other event is later, and keeps an experiment running that has not ended`(
        inOneBatch: Bool
    ) {
        let store = store([Shorthand.row(1, ["valid": "1"], at: 30), start("h", at: 20)], inOneBatch: inOneBatch)
        #expect(store.experiment["status"] == "running")
    }
}
