import HyperoQuery
import TestSupport
import Testing

/// The feed as programs of other packages use it.
@Suite struct RankingFeedTests {
    private let fixture: Fixture

    init() throws { fixture = try Fixture() }

    private func feed(of name: String, where filter: Filter? = nil, by channel: String? = nil) throws -> RankingFeed {
        try RankingFeed(
            Store(fixture.server.url, namespace: fixture.namespace), of: name, by: channel, where: filter, limit: 2)
    }

    /// Returns the updates up to the first one that fulfils a condition.
    private func updates(
        of feed: RankingFeed, until isLast: (RankingFeed.Update) -> Bool
    ) throws -> [RankingFeed.Update] {
        var updates: [RankingFeed.Update] = []
        while let update = try feed.next(within: .seconds(60)) {
            updates.append(update)
            if isLast(update) { return updates }
        }
        Issue.record("no such update among \(updates)")
        return updates
    }

    private func ids(_ update: RankingFeed.Update?) -> [String]? {
        if case .ranking(let board)? = update { board.rows.map(\.experiment) } else { nil }
    }

    @Test func `The first update is the ranking, and events and the next ranking follow`() throws {
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "0.5"])
        try fixture.commit()
        let feed = try feed(of: "net")
        guard case .ranking(let board)? = try feed.next(within: .seconds(60)), let id = board.batteries.first else {
            Issue.record("no ranking")
            return
        }
        #expect(board.rows.map(\.experiment) == ["a-1"])
        #expect(try feed.next(within: .zero) == nil)
        try fixture.log("event=epoch battery=\(id) experiment=b-1 epoch=3 curve.valid=0.9", at: 7) {
            fixture.experiment("b-1", of: battery, maxima: ["valid": "0.9"])
        }
        let all = try updates(of: feed) { ids($0) == ["b-1", "a-1"] }
        let events: [WatchEvent] = all.flatMap { update -> [WatchEvent] in
            if case .events(let events) = update { events } else { [] }
        }
        #expect(events.map(\.kind) == ["epoch"] && events.map(\.experiment) == ["b-1"])
        #expect(events.map(\.battery) == [id] && events.map(\.time) == [Fixture.noon + 7])
        #expect(events[0].summary == "epoch 3  valid 0.9")
        #expect(events[0].json.hasPrefix(#"{"time":1763899200007,"event":"epoch","battery":"\#(id)""#))
        feed.stop()
        #expect(try feed.next(within: .seconds(60)) == nil)
    }

    @Test func `A battery that is not declared is a problem until it is`() throws {
        let feed = try feed(of: "net", where: Filter("valid > 0.4"))
        guard case .problem(let reason)? = try feed.next(within: .seconds(60)) else {
            Issue.record("no problem")
            return
        }
        #expect(reason == "waiting for battery 'net', no battery is declared yet")
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "0.5"])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "0.3"])
        try fixture.commit()
        let all = try updates(of: feed) { if case .problem(nil) = $0 { true } else { false } }
        #expect(all.compactMap(ids) == [["a-1"]])
    }

    @Test func `Errors of the first read are thrown`() throws {
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "0.5"])
        try fixture.commit()
        #expect(throws: QueryError.self) { try feed(of: "net", by: "loss") }
        let error = #expect(throws: QueryError.self) { try feed(of: "net", where: Filter("lx < 1")) }
        #expect(error?.category == .invalid)
        #expect(throws: QueryError.self) { try RankingFeed(Store("unix:///nowhere"), of: "net") }
    }

    @Test func `A stopped feed ends a wait on another thread`() throws {
        fixture.battery("net")
        try fixture.commit()
        let feed = try feed(of: "net")
        #expect(ids(try feed.next(within: .seconds(60))) == [])
        let reader = ThreadGroup(1) { _ in try feed.next(within: .seconds(600)) == nil }
        feed.stop()
        #expect(try reader.results() == [true])
    }
}
