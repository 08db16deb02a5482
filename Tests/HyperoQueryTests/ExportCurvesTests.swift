import HyperoSchema
import TestSupport
import Testing

@Suite struct ExportCurvesTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.9"],
            curve: [2: "train=0.8 valid=0.9", 10: "train=nan \"top 1\"=0.5", 1: "train=0.25 valid=0.5"])
        fixture.experiment("b-1", of: battery, curve: [0: "valid=inf"], started: Fixture.noon + 1)
        fixture.experiment("c-1", of: battery, started: Fixture.noon + 2)
        for keyspace in fixture.keyspaces {
            fixture.write(
                "ZADD", keyspace.columns(of: battery), "1", "curve.top 1", "2", "curve.train", "3", "curve.valid")
        }
        try fixture.commit()
        return fixture
    }

    @Test func `The long form has one row per value, in the order of epochs`() throws {
        #expect(
            try fixture().output(["export", "net", "--curves"]) == """
                experiment,epoch,channel,value
                a-1,1,train,0.25
                a-1,1,valid,0.5
                a-1,2,train,0.8
                a-1,2,valid,0.9
                a-1,10,train,nan
                a-1,10,top 1,0.5
                b-1,0,valid,inf

                """)
    }

    @Test func `The wide form has one row per epoch and a column per channel`() throws {
        #expect(
            try fixture().output(["export", "net", "--curves", "--wide"]) == """
                experiment,epoch,curve.train,curve.valid,curve.top 1
                a-1,1,0.25,0.5,
                a-1,2,0.8,0.9,
                a-1,10,nan,,0.5
                b-1,0,,inf,

                """)
    }

    @Test(arguments: [
        (["--wide"], "experiment,epoch,curve.valid\na-1,1,0.5\na-1,2,0.9\nb-1,0,inf\n"),
        ([], "experiment,epoch,channel,value\na-1,1,valid,0.5\na-1,2,valid,0.9\nb-1,0,valid,inf\n"),
        (
            ["--order-by", "valid"],
            "experiment,epoch,channel,value\na-1,1,valid,0.5\na-1,2,valid,0.9\nb-1,0,valid,inf\n"
        ),
        (["--desc"], "experiment,epoch,channel,value\nb-1,0,valid,inf\na-1,1,valid,0.5\na-1,2,valid,0.9\n"),
    ])
    func `Channels of curves are selected, and curves are ordered like experiments`(options: [String], text: String)
        throws
    {
        for channel in ["valid", "max.valid", "curve.valid", "va*"] {
            #expect(try fixture().output(["export", "net", "--curves", "--maxima", channel] + options) == text)
        }
    }

    @Test func `A malformed row of a curve is left out with a warning`() throws {
        let fixture = try fixture()
        fixture.write("HSET", fixture.keyspaces[0].curve(of: ExperimentID("b-1")!), "x", "valid=1", "3", "nonsense")
        try fixture.commit()
        let outcome = try fixture.query("export", "net", "--curves", "--format", "json")
        #expect(outcome.succeeded)
        #expect(
            outcome.stdout.hasSuffix("{\"experiment\":\"b-1\",\"epoch\":0,\"channel\":\"valid\",\"value\":\"inf\"}\n"))
        #expect(outcome.stderr.split(separator: "\n").count == 2)
        #expect(outcome.stderr.contains("experiment 'b-1': a row of its learning curves is malformed: 'nonsense'"))
    }
}
