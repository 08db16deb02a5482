import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The changes of a battery that a live page gets.
@Suite struct ExperimentFeedTests {
    private let wake: WakePipe

    init() throws { wake = try WakePipe() }

    private func feed(_ fixture: Fixture, lostAfter: Duration = .seconds(180)) throws -> ExperimentFeed {
        let feed = ExperimentFeed(try fixture.store(lostAfter: lostAfter), of: "net")
        try feed.start()
        return feed
    }

    /// Waits for the next update.
    private func next(_ feed: ExperimentFeed) throws -> ExperimentFeed.Update? {
        try feed.next(until: .now + .seconds(60), wake: wake)
    }

    private func changes(_ feed: ExperimentFeed) throws -> ExperimentChanges? {
        guard case .changes(let changes)? = try next(feed) else { return nil }
        return changes
    }

    private func values(_ changes: ExperimentChanges?, _ name: String) -> [String?]? {
        changes?.columns.first { $0.name == name }?.values
    }

    @Test(arguments: [1, 3])
    func `A change of an experiment is its whole row with its curves, and not the rows of the others`(partitions: Int)
        throws
    {
        let (fixture, battery) = try Fixture.net(partitions: partitions)
        let feed = try feed(fixture)
        try fixture.log("event=epoch battery=\(battery.text) experiment=b-1 epoch=3 curve.valid=0.9", at: 7) {
            fixture.experiment(
                "b-1", of: battery, maxima: ["valid": "0.9"], params: ["lr": "0.2", "new": "x"],
                curve: [1: "valid=0.4", 3: "valid=0.9"])
        }
        let changes = try changes(feed)
        #expect(changes?.ids == ["b-1"] && changes?.total == 2)
        #expect(values(changes, "max.valid") == ["0.9"] && values(changes, "param.new") == ["x"])
        #expect(
            values(changes, "param.lr") == ["0.2"] && values(changes, "id") == nil && values(changes, "rank") == nil)
        #expect(changes?.channels == ["valid"] && changes?.lines.map(\.points.count) == [2])
        #expect(try feed.next(until: .now, wake: wake) == nil)
    }

    @Test func `An event is not reported before the ingest has applied it`() throws {
        let (fixture, battery) = try Fixture.net()
        let feed = try feed(fixture)
        let keyspace = fixture.keyspace(of: "b-1")
        let id = "\(Fixture.noon + 7)-0"
        fixture.write(
            "XADD", keyspace.events, id, "event", "end", "battery", battery.text, "experiment", "b-1", "status", "done")
        try fixture.commit()
        // Time for two looks at the cursor.
        #expect(try feed.next(until: .now + .milliseconds(700), wake: wake) == nil)
        fixture.write("HSET", keyspace.experiment(try #require(ExperimentID("b-1"))), "reason", "late")
        fixture.write("HSET", keyspace.ingest, IngestField.cursor, id, IngestField.control, "0-0")
        try fixture.commit()
        #expect(try values(changes(feed), "reason") == ["late"])
    }

    @Test func `Events of other batteries are ignored`() throws {
        let (fixture, battery) = try Fixture.net()
        let other = fixture.battery("other")
        try fixture.commit()
        let feed = try feed(fixture)
        try fixture.log("event=end battery=\(other.text) experiment=o-1 status=done", at: 5) {
            fixture.experiment("o-1", of: other)
        }
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 6)
        #expect(try changes(feed)?.ids == ["a-1"])
    }

    private func reason(_ feed: ExperimentFeed) throws -> String? {
        guard case .reload(let reason)? = try next(feed) else { return nil }
        return reason
    }

    /// Adds an event that the ingest has not applied yet.
    private func add(_ text: String, at offset: Int64, to fixture: Fixture) throws {
        let fields = text.split(separator: " ").flatMap { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        fixture.write(["XADD", fixture.keyspaces[0].events, "\(Fixture.noon + offset)-0"] + fields)
        try fixture.commit()
    }

    private func apply(until offset: Int64, in fixture: Fixture) throws {
        fixture.write("HSET", fixture.keyspaces[0].ingest, IngestField.cursor, "\(Fixture.noon + offset)-0")
        try fixture.commit()
    }

    @Test func `A deleted experiment and very many changes are reasons to read everything`() throws {
        let (fixture, battery) = try Fixture.net()
        let feed = try feed(fixture)
        let deleted = try #require(ExperimentID("a-1"))
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 5) {
            fixture.write("DEL", fixture.keyspaces[0].experiment(deleted))
        }
        #expect(try reason(feed) == "an experiment was deleted")
        // It may log on, which changes nothing.
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 6)
        #expect(try feed.next(until: .now + .milliseconds(700), wake: wake) == nil)
        for number in 0...ExperimentFeed.maxChanged {
            fixture.write(
                "XADD", fixture.keyspaces[0].events, "\(Fixture.noon + 7)-\(number)", "event", "end", "battery",
                battery.text, "experiment", "m-\(number)", "status", "done")
        }
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 8)
        #expect(try reason(feed) == "many experiments have changed")
    }

    @Test func `After replaced data, the changes of the new data are reported`() throws {
        let (fixture, battery) = try Fixture.net()
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 5)
        let feed = try feed(fixture)
        #expect(try feed.next(until: .now + .milliseconds(300), wake: wake) == nil)
        fixture.write("HSET", fixture.keyspaces[0].ingest, IngestField.cursor, "1-0")
        try fixture.commit()
        #expect(try reason(feed) == "the data in Redis was replaced")
        try fixture.log("event=end battery=\(battery.text) experiment=b-1 status=done", at: 6)
        // The ends of the streams were ahead of the older position.
        #expect(try reason(feed) == "the ingest has applied earlier events")
        try fixture.log("event=end battery=\(battery.text) experiment=b-1 status=done", at: 7)
        #expect(try changes(feed)?.ids == ["b-1"])
    }

    @Test func `A version is a reason to read everything when the ingest knows it, and not before`() throws {
        let (fixture, battery) = try Fixture.net()
        let feed = try feed(fixture)
        try add(
            "event=battery battery=net.v2.abc name=net version=2 description=x objective=valid direction=max", at: 6,
            to: fixture)
        try add("event=end battery=net.v2.abc experiment=c-1 status=done", at: 7, to: fixture)
        #expect(try feed.next(until: .now + .milliseconds(700), wake: wake) == nil)
        let second = fixture.battery("net", version: 2)
        try apply(until: 6, in: fixture)
        #expect(try reason(feed) == "a version of the battery was declared")
        try apply(until: 7, in: fixture)
        // The event of the new version is not forgotten, although its battery is stored with another id here.
        _ = try feed.next(until: .now + .milliseconds(700), wake: wake)
        try fixture.log("event=end battery=\(second.text) experiment=d-1 status=done", at: 8) {
            fixture.experiment("d-1", of: second, maxima: ["valid": "0.3"])
        }
        #expect(try changes(feed)?.ids == ["d-1"])
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 9)
        #expect(try changes(feed)?.ids == ["a-1"])
    }

    @Test func `A feed of one version ignores the declaration of another one`() throws {
        let (fixture, battery) = try Fixture.net()
        let feed = ExperimentFeed(try fixture.store(), of: "net", version: 1)
        try feed.start()
        try fixture.log(
            "event=battery battery=net.v2.abc name=net version=2 description=x objective=valid direction=max", at: 6)
        try fixture.log("event=end battery=\(battery.text) experiment=a-1 status=done", at: 7)
        #expect(try changes(feed)?.ids == ["a-1"])
    }

    @Test func `A deletion is reported when it is carried out, also one that does not name the battery`() throws {
        let (fixture, battery) = try Fixture.net()
        let feed = try feed(fixture)
        let keyspace = fixture.keyspaces[0]
        func command(_ fields: String..., at offset: Int64) throws {
            fixture.write(["XADD", keyspace.control, "\(Fixture.noon + offset)-0", "event", "delete"] + fields)
            try fixture.commit()
        }
        func carryOut(until offset: Int64) throws {
            fixture.write(
                "HSET", keyspace.ingest, IngestField.control, "\(Fixture.noon + offset)-0", IngestField.cursor, "1-0")
            try fixture.commit()
        }
        // No command was carried out before, so that the ingest has no position of them.
        fixture.write("HDEL", keyspace.ingest, IngestField.control)
        try command("experiment", "a-1", at: 5)
        #expect(try feed.next(until: .now + .milliseconds(700), wake: wake) == nil)
        try carryOut(until: 5)
        #expect(try reason(feed) == "an experiment was deleted")
        try command("battery", battery.text, at: 6)
        #expect(try feed.next(until: .now + .milliseconds(700), wake: wake) == nil)
        try carryOut(until: 6)
        #expect(try reason(feed) == "the battery was deleted")
    }

    @Test func `Events that the ingest had not applied at the start are shown when it has`() throws {
        let (fixture, battery) = try Fixture.net()
        try add("event=end battery=\(battery.text) experiment=b-1 status=done", at: 5, to: fixture)
        let feed = try feed(fixture)
        #expect(try feed.next(until: .now + .milliseconds(700), wake: wake) == nil)
        try apply(until: 5, in: fixture)
        #expect(try reason(feed) == "the ingest has applied earlier events")
    }

    @Test func `A reason to read everything forgets no event that the ingest applies later`() throws {
        let (fixture, battery) = try Fixture.net()
        let feed = try feed(fixture)
        let deleted = try #require(ExperimentID("a-1"))
        fixture.write("DEL", fixture.keyspaces[0].experiment(deleted))
        try add("event=end battery=\(battery.text) experiment=a-1 status=done", at: 5, to: fixture)
        try add("event=end battery=\(battery.text) experiment=b-1 status=done", at: 6, to: fixture)
        #expect(try feed.next(until: .now + .milliseconds(300), wake: wake) == nil)
        try apply(until: 5, in: fixture)
        #expect(try reason(feed) == "an experiment was deleted")
        try apply(until: 6, in: fixture)
        #expect(try changes(feed)?.ids == ["b-1"])
    }

    @Test func `The curves of many experiments that change are sent in turn`() throws {
        let (fixture, battery) = try Fixture.net()
        let ids = (0..<40).map { "c\($0)-1" }
        for id in ids { fixture.experiment(id, of: battery, maxima: ["valid": "0.1"], curve: [1: "valid=0.1"]) }
        try fixture.commit()
        let feed = try feed(fixture)
        for (number, id) in ids.enumerated() {
            fixture.write(
                "XADD", fixture.keyspace(of: id).events, "\(Fixture.noon + 5)-\(number)", "event", "epoch", "battery",
                battery.text, "experiment", id, "epoch", "2", "curve.valid", "0.1")
        }
        try apply(until: 6, in: fixture)
        var found: Set<String> = []
        while found.count < ids.count, let changes = try changes(feed) {
            found.formUnion(changes.lines.map { changes.lineIDs[$0.row] })
        }
        #expect(found == Set(ids))
    }

    @Test func `A battery that does not exist is an error`() throws {
        let (fixture, _) = try Fixture.net()
        let error = #expect(throws: QueryError.self) {
            try ExperimentFeed(fixture.store(), of: "no such").start()
        }
        #expect(error?.category == .notFound)
    }
}
