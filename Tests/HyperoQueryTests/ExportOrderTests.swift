import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct ExportOrderTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.5"], params: ["lr": "0.1", "opt": "sgd"], started: Fixture.noon)
        fixture.experiment(
            "b-1", of: battery, maxima: ["valid": "nan"], params: ["lr": "1e-05"], started: Fixture.noon + 1)
        fixture.experiment(
            "c-1", of: battery, maxima: ["valid": "0.9"], params: ["lr": "auto", "opt": "adam"],
            started: Fixture.noon + 2)
        fixture.experiment("d-1", of: battery, params: ["lr": "nan", "opt": "sgd"], started: Fixture.noon + 3)
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        ([], "abcd"),
        (["--desc"], "dcba"),
        (["--order-by", "started", "--desc"], "dcba"),
        (["--order-by", "valid"], "acbd"),
        (["--order-by", "max.valid", "--desc"], "cabd"),
        (["--order-by", "lr"], "bacd"),
        (["--order-by", "param.lr", "--desc"], "cabd"),
        (["--order-by", "opt"], "cadb"),
        (["--order-by", "status"], "abcd"),
    ])
    func `The rows are in the requested order, and those without the value are last`(options: [String], order: String)
        throws
    {
        let text = try fixture().output(["export", "net"] + options)
        #expect(text.split(separator: "\n").dropFirst().map { String($0.prefix(1)) }.joined() == order)
    }

    @Test func `A name of several columns is refused as an order`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["loss": "1"], params: ["loss": "l2"])
        try fixture.commit()
        let outcome = try fixture.query("export", "net", "--order-by", "loss")
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.contains("column is ambiguous: 'loss', it is one of max.loss, param.loss"))
    }

    @Test func `Experiments that another client removed from the ranking are after the ranked ones`() throws {
        let fixture = try fixture()
        let battery = BatteryID(name: "net", version: 1, description: "")
        fixture.write("ZREM", fixture.keyspaces[0].rank(of: battery, by: "valid"), "c-1")
        try fixture.commit()
        let text = try fixture.output(["export", "net", "--order-by", "valid", "--desc"])
        #expect(text.split(separator: "\n").dropFirst().map { String($0.prefix(1)) }.joined() == "abcd")
        fixture.write("DEL", fixture.keyspaces[0].rank(of: battery, by: "valid"))
        try fixture.commit()
        let outcome = try fixture.query("export", "net", "--order-by", "valid")
        #expect(outcome.stdout.split(separator: "\n").count == 5 && outcome.stderr == "")
    }

    @Test(arguments: [nil, "valid", "lr"], [false, true])
    func
        `An export whose experiments are deleted meanwhile is an error, and says how many are missing if some are left`(
            order: String?, keepsOne: Bool
        ) throws
    {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...6_000 {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "\(number)"], params: ["lr": "\(number)"])
        }
        try fixture.commit()
        let key = fixture.keyspaces[0]
        var request = ExportRequest()
        request.orderBy = order
        var isFirst = true
        var failure: QueryError?
        var warnings: [String] = []
        do {
            warnings = try fixture.store().export(
                "net", request,
                progress: { _, _ in
                    guard isFirst else { return }
                    isFirst = false
                    for set in [key.experiments(of: battery), key.rank(of: battery, by: "valid")] {
                        fixture.write("DEL", set)
                        if keepsOne { fixture.write("ZADD", set, "9999999999999", "a-1") }
                    }
                    #expect(throws: Never.self) { try fixture.commit() }
                }, to: { _ in }
            ).warnings
        } catch { failure = error as? QueryError }
        #expect((failure?.code == .deletedMeanwhile(battery: "net")) == !keepsOne)
        if keepsOne { #expect(warnings.last?.contains(" of 6000 experiments were deleted during the export") == true) }
    }

    @Test(arguments: ["experiment", "name", "version", "last_seen"])
    func `A column that is not stored is refused as an order, with those that are`(column: String) throws {
        let outcome = try fixture().query("export", "net", "--order-by", column)
        #expect(outcome.ending == .exited(64))
        #expect(
            outcome.stderr
                == "hypero-query: an export cannot be ordered by '\(column)', which no experiment stores. The columns started, "
                + "updated, epochs, status and battery are stored\n")
    }

    @Test func `Thousands of experiments of equal times are each written once in any order`() throws {
        let fixture = try Fixture(partitions: 2)
        let battery = fixture.battery("net")
        for number in 1...9_000 {
            fixture.experiment(
                "p\(number % 7)-\(number)", of: battery, maxima: number % 3 == 0 ? [:] : ["valid": "\(number % 5)"],
                params: ["a": "\(number % 11)"])
        }
        try fixture.commit()
        for options in [
            [], ["--desc"], ["--order-by", "valid"], ["--order-by", "valid", "--desc"], ["--order-by", "a"],
        ] {
            let rows = try fixture.output(["export", "net"] + options).split(separator: "\n").dropFirst()
            #expect(Set(rows.map { $0.split(separator: ",")[0] }).count == 9_000)
            #expect(rows.count == 9_000)
        }
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_763_938_681_250, "2025-11-23T22:58:01.250Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "253402300800000"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (.max, "9223372036854775807"),
    ])
    func `A time is written in UTC with milliseconds`(time: Int64, text: String) {
        #expect(isoText(time) == text)
    }
}
