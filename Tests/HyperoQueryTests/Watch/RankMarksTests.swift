import HyperoCore
import HyperoSchema
import Testing

@testable import HyperoQuery

@Suite struct RankMarksTests {
    private let start = MonotonicTime(nanoseconds: 5_000_000_000)

    /// Returns a ranking of experiments with values.
    private func board(_ values: KeyValuePairs<String, String>) throws -> Leaderboard {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (id, value) in values { fixture.experiment(id, of: battery, maxima: ["valid": value]) }
        try fixture.commit()
        return try fixture.store().leaderboard(of: "net")
    }

    @Test func `Rows that are new or have moved by their own value are marked for ten seconds`() throws {
        var marks = RankMarks()
        marks.update(try board(["a-1": "5", "b-1": "4", "c-1": "3", "d-1": "2"]).rows, at: start)
        #expect(marks.texts(at: start, isUnicode: true) == [:])
        let next = try board(["c-1": "6", "a-1": "5", "e-1": "4.5", "b-1": "4", "d-1": "2"])
        marks.update(next.rows, at: start + .seconds(1))
        // b-1 and a-1 were pushed down only.
        #expect(marks.texts(at: start + .seconds(1), isUnicode: true) == ["c-1": "▲2", "e-1": "new"])
        #expect(marks.texts(at: start + .seconds(1), isUnicode: false) == ["c-1": "^2", "e-1": "new"])
        #expect(marks.texts(at: start + .milliseconds(10_999), isUnicode: true).count == 2)
        #expect(marks.texts(at: start + .seconds(11), isUnicode: true) == [:])
    }

    @Test func `A row whose value got worse is marked with the ranks that it lost`() throws {
        var marks = RankMarks()
        marks.update(try board(["a-1": "5", "b-1": "4", "c-1": "3"]).rows, at: start)
        marks.update(try board(["b-1": "4", "c-1": "3", "a-1": "1"]).rows, at: start)
        #expect(marks.texts(at: start, isUnicode: true) == ["a-1": "▼2"])
    }

    @Test func `After a reset the rows of another window have no marks`() throws {
        var marks = RankMarks()
        marks.update(try board(["a-1": "5"]).rows, at: start)
        marks.reset()
        marks.update(try board(["a-1": "5", "b-1": "4"]).rows, at: start)
        #expect(marks.texts(at: start, isUnicode: true) == [:])
    }

    @Test func `The changes between two rankings are the rows that differ, and those that have left`() throws {
        let first = try board(["a-1": "5", "b-1": "4", "c-1": "3"])
        let second = try board(["a-1": "5", "d-1": "4.5", "b-1": "4"])
        let changes = second.changes(since: first)
        #expect(changes.map(\.experiment) == ["d-1", "b-1", "c-1"])
        #expect(changes.map(\.previous) == [nil, 2, 3])
        #expect(changes.map { $0.row?.rank } == [2, 3, nil])
        #expect(
            second.json(of: changes[2], time: 7)
                == #"{"time":7,"event":"rank","previous":3,"rank":null,"experiment":"c-1"}"#)
        #expect(second.changes(since: second) == [])
        #expect(second.changes(since: nil).map(\.experiment) == ["a-1", "d-1", "b-1"])
    }

    @Test func `The rate of events is that of the last ten seconds`() {
        var rate = EventRate()
        for second in 0..<20 { rate.add(5, at: start + .seconds(second)) }
        let rates = [19, 24, 1_000].map { rate.perSecond(at: start + .seconds($0)) }
        #expect(rates == [5, 2.5, 0])
    }
}
