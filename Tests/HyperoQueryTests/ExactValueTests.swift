import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Values with the digits that tell them apart, in ranks, tables and CSV.
@Suite struct ExactValueTests {
    @Test(arguments: [("max", ["c-1", "b-1", "a-1", "d-1"]), ("min", ["d-1", "a-1", "b-1", "c-1"])])
    func `Whole numbers above 2^53 are ranked by all their digits`(direction: String, ids: [String]) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net", direction: direction == "max" ? .max : .min)
        // The doubles of the first two are equal.
        for (id, value) in [
            ("a-1", "9007199254740992"), ("b-1", "9007199254740993"), ("c-1", "9007199254740996"), ("d-1", "1"),
        ] { fixture.experiment(id, of: battery, maxima: ["valid": value]) }
        try fixture.commit()
        let board = try fixture.store().leaderboard(of: "net")
        #expect(board.rows.map(\.experiment) == ids)
        #expect(board.rows.map(\.rank) == [1, 2, 3, 4])
    }

    @Test func `Equal whole numbers above 2^53 share a rank`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (id, value) in [
            ("a-1", "9007199254740993"), ("b-1", "9007199254740992"), ("c-1", "9007199254740993"),
            ("d-1", "9007199254740992.0"),
        ] { fixture.experiment(id, of: battery, maxima: ["valid": value]) }
        try fixture.commit()
        let rows = try fixture.store().leaderboard(of: "net").rows
        let whole = rows.filter { $0.experiment != "d-1" }
        #expect(whole.map(\.experiment) == ["c-1", "a-1", "b-1"])
        #expect(whole[0].rank == whole[1].rank && whole[1].rank < whole[2].rank)
    }

    @Test func `A table keeps the digits before the point, and an exponent as it was written`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "123456789.123456789", "big": "1e300"], params: ["x": "1e300"])
        try fixture.commit()
        let table = try fixture.output(["rank", "net"])
        #expect(table.contains("123456789.1 ") && !table.contains("e+"), "\(table)")
        #expect(table.matches(of: /1e300/).count == 2)
        #expect(numberText(-9_876_543.5) == "-9876543.5" && numberText(1.5e-7) == "1.5e-07")
    }

    @Test(arguments: [
        ("\t=1", true), (" =1", true), ("\u{A0}+1+1", true), ("\n@x", true), ("＝1", true), ("=1", true), ("-a", true),
        ("-0.5", false), ("+", true), (" x", false), ("a=1", false), ("\t", true), ("-inf", true), ("-1e400", true),
    ])
    func `A cell that a spreadsheet may run as a formula begins with an apostrophe`(text: String, isFormula: Bool)
        throws
    {
        let fixture = try Fixture()
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "1"], meta: ["note": text])
        try fixture.commit()
        let board = try fixture.store().leaderboard(of: "net", columns: ["note"])
        let csv = board.text(as: .csv, for: Display(), guardsFormulas: true)
        #expect(csv.contains("'\(text)") == isFormula, "\(csv)")
    }
}
