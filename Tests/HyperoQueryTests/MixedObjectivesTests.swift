import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Versions of one name with different objectives: no value is shown under the name of another channel.
@Suite struct MixedObjectivesTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let first = fixture.battery("sweep", version: 1, objective: "acc")
        let second = fixture.battery("sweep", version: 2, objective: "loss", direction: .min)
        fixture.experiment("e1-1", of: first, maxima: ["acc": "0.9", "loss": "0.31"])
        fixture.experiment("e2-1", of: second, maxima: ["loss": "0.2"], started: Fixture.noon + 1)
        fixture.experiment("e3-1", of: second, started: Fixture.noon + 2)
        try fixture.commit()
        return fixture
    }

    @Test func `A list of experiments names the channel of each value`() throws {
        let fixture = try fixture()
        let store = try fixture.store()
        func lines(columns: [String]? = nil, filter: ExperimentFilter = ExperimentFilter(), version: Int? = nil) throws
            -> [String]
        {
            try store.experiments(of: "sweep", version: version, filter: filter, columns: columns)
                .text(as: .table, for: Display(), now: Fixture.noon).split(separator: "\n").map(String.init)
        }
        #expect(
            try lines(columns: ["loss"]) == [
                "sweep, versions 1, 2: newest first, 3 of 3 experiments",
                "experiment  version  status  value  by    loss", "e3-1              2  done        -  loss     -",
                "e2-1              2  done      0.2  loss  0.2", "e1-1              1  done      0.9  acc   0.31",
            ])
        #expect(try lines()[1].hasPrefix("experiment  version  status  value  by    epoch"))
        #expect(
            try lines(filter: ExperimentFilter(isUnranked: true))[0].hasSuffix(
                "1 of 3 experiments with no finite 'loss'"))
        // The experiments of one version have one objective, also of an old one.
        #expect(try lines(version: 1)[1].hasPrefix("experiment  status  acc  epoch"))
    }

    @Test func `JSON and CSV name the channel of each value`() throws {
        let fixture = try fixture()
        let json = try fixture.output(["experiments", "sweep", "--format", "json"]).split(separator: "\n")
        #expect(
            json[1].contains(#""objective":"loss","value":0.2,"#)
                && json[2].contains(#""objective":"acc","value":0.9,"#))
        let csv = try fixture.output(["experiments", "sweep", "--format", "csv"]).split(separator: "\r\n")
        #expect(csv[0].contains(",epochs,objective,value,epoch,"))
        #expect(csv[2].contains(",,loss,0.2,7,") && csv[3].contains(",,acc,0.9,7,"), "\(csv)")
    }
}
