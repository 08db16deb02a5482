import HyperoQuery
import TestSupport
import Testing

@Suite struct BatteriesCommandTests {
    @Test func `The table of batteries shows the best value of each battery`() throws {
        let fixture = try Fixture.digits()
        let list = try Store(fixture.server.url, namespace: fixture.namespace).batteries()
        #expect(
            list.text(as: .table, for: Display(), now: Fixture.noon + 3_600_000) == """
                name    version  description             experiments    best  by              updated  id
                Digits        1  first try                         2  0.9     valid (max)  59 min ago  digits.v1.41de1b9f
                Digits        2  fixed bug in Sequencer            3  0.9375  valid (max)  59 min ago  digits.v2.d44c3f17

                """)
    }

    @Test func `The JSON of batteries has one object per battery`() throws {
        let fixture = try Fixture.digits()
        #expect(
            try fixture.output(["batteries", "--format", "json"]).split(separator: "\n").first ?? "" == """
                {"id":"digits.v1.41de1b9f","name":"Digits","version":1,"description":"first try","objective":"valid",\
                "direction":"max","created":1763899200001,"updated":1763899260000,"experiments":2,"best":0.9,\
                "best_experiment":"aaaaaaaaaa-1","best_status":"done"}
                """)
    }

    @Test func `The CSV of batteries has one record per battery`() throws {
        #expect(
            try Fixture.digits().output(["batteries", "--format", "csv"]).hasPrefix(
                "id,name,version,description,objective,direction,created,updated,experiments,best,best_experiment,best_status\r\n"
                    + "digits.v1.41de1b9f,Digits,1,first try,valid,max,1763899200001,1763899260000,2,0.9,aaaaaaaaaa-1,done\r\n"
            ))
    }
}
