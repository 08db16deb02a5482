import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct DeadCommandTests {
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        fixture.write(
            "XADD", fixture.keyspaces[0].dead, "1000-0", "event", "epoch", "experiment", "e-1", "battery", "b",
            "producer", "p", "seq", "7", "note", "a,\"b\"", "note", "twice", "dead.reason",
            "an event 'epoch' has no field 'note'", "dead.id", "900-3")
        fixture.write(
            "XADD", fixture.keyspaces[partitions - 1].dead, "2000-0", "\u{1B}[2J", "x", "dead.reason",
            "no field 'event'",
            "dead.id", "901-0", "dead.cut", "1 of the fields are cut to 256 bytes")
        for keyspace in fixture.keyspaces { fixture.write("HSET", keyspace.ingest, "dead", "1") }
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [1, 2])
    func `Dead letters of all partitions are listed newest first`(partitions: Int) throws {
        let fixture = try fixture(partitions: partitions)
        let list = try Store(fixture.server.url, namespace: fixture.namespace).deadLetters()
        #expect(list.count == 2 && list.letters.map(\.id) == ["2000-0", "1000-0"])
        let text = list.text(as: .table, for: Display(isTerminal: true), now: 12_000)
        #expect(text.contains("when") && text.contains("10 s ago") && text.contains("11 s ago"))
        #expect(text.contains("an event 'epoch' has no field 'note'"))
        #expect(text.contains("partition") == (partitions > 1))
        #expect(text.contains("2 of 2. hypero-ingest requeue"))
        #expect(!text.contains("\u{1B}"))
        let narrow = list.text(
            as: .table, for: Display(isTerminal: true, width: 40), advice: [.hiddenColumns: "widen the terminal"],
            now: 12_000)
        #expect(narrow.contains("1000-0") && narrow.contains("\n  an event 'epoch' has no field 'note'\n"))
        #expect(narrow.contains("hidden: ") && narrow.contains("widen"))
    }

    @Test func `The JSON of dead letters has all fields of an entry, and the CSV has the common fields`() throws {
        let fixture = try fixture()
        let tag = fixture.keyspaces[0].tag
        #expect(
            try fixture.output(["dead", "--format", "json"]) == """
                {"partition":"\(tag)","id":"2000-0","when":2000,"reason":"no field 'event'",\
                "cut":"1 of the fields are cut to 256 bytes","entry":"901-0","event":null,"experiment":null,\
                "battery":null,"producer":null,"seq":null,"fields":[["\\u001b[2J","x"]]}
                {"partition":"\(tag)","id":"1000-0","when":1000,"reason":"an event 'epoch' has no field 'note'",\
                "cut":null,"entry":"900-3","event":"epoch","experiment":"e-1","battery":"b","producer":"p","seq":"7",\
                "fields":[["event","epoch"],["experiment","e-1"],["battery","b"],["producer","p"],["seq","7"],\
                ["note","a,\\"b\\""],["note","twice"]]}

                """)
        #expect(
            try fixture.output(["dead", "--format", "csv", "--limit", "1"]) == """
                partition,id,when,reason,cut,entry,event,experiment,battery,producer,seq\r
                \(tag),2000-0,2000,no field 'event',1 of the fields are cut to 256 bytes,901-0,,,,,\r

                """)
    }

    @Test func `Fields of an entry that are named like fields of the ingest are listed as fields of the entry`() throws
    {
        let fixture = try Fixture()
        fixture.write(
            "XADD", fixture.keyspaces[0].dead, "1000-0", "dead.cut", "mine", "dead.reason", "mine too", "dead.reason",
            "an event has no field 'dead.cut'", "dead.id", "900-3")
        fixture.write("HSET", fixture.keyspaces[0].ingest, "dead", "1")
        try fixture.commit()
        let letters = try Store(fixture.server.url, namespace: fixture.namespace).deadLetters().letters
        #expect(letters.map(\.truncation) == [nil])
        #expect(letters.map(\.reason) == ["an event has no field 'dead.cut'"])
        #expect(letters.first?.fields.map(\.value) == ["mine", "mine too"])
    }

    @Test func `The list of dead letters may be empty and its limit must be in range`() throws {
        let fixture = try Fixture()
        #expect(try fixture.output(["dead"]) == "no dead letters\n")
        let outcome = try fixture.query("dead", "--limit", "0")
        #expect(outcome.ending == .exited(64) && outcome.stderr.contains("--limit must be between 1 and 100000, not 0"))
    }
}
