import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The line behind `/` of a watched screen.
@Suite struct WatchFilterLineTests {
    @Test(
        arguments: [
            ([.control("u")], "", 0), ([.control("w")], "lr < ", 5), ([.control("w"), .control("w")], "lr ", 3),
            ([.control("a"), .delete], "r < 0.1", 0), ([.home, .control("k")], "", 0),
            ([.left, .backspace, .character("2")], "lr < 021", 7), ([.control("b"), .control("d")], "lr < 0.", 7),
            ([.home, .right, .end, .right], "lr < 0.1", 8), ([.home, .backspace, .left], "lr < 0.1", 0),
            ([.home, .paste("a\r\n q\tx\u{1B}\n")], "a  q xlr < 0.1", 6),
            ([.up, .other, .control("x")], "lr < 0.1", 8),
        ] as [([Key], String, Int)])
    func `Keys edit the line at the cursor`(keys: [Key], text: String, cursor: Int) {
        var line = LineEditor("lr < 0.1")
        for key in keys { line.press(key) }
        #expect(line.text == text && line.cursor == cursor)
    }

    @Test func `The line is bounded`() {
        var line = LineEditor("")
        line.press(.paste(String(repeating: "x", count: 4_096)))
        line.press(.character("y"))
        #expect(line.text == String(repeating: "x", count: LineEditor.maxLength))
    }

    private static let size = WatchView.Size(columns: 80, rows: 24)
    private let start = MonotonicTime(nanoseconds: 5_000_000_000)

    private func view(filter: String? = nil) throws -> WatchView {
        let store = try Fixture.digits().store()
        var view = WatchView(showsEvents: true, limit: nil, marker: .ascii)
        let board = try store.leaderboard(of: "Digits", where: filter.map { try Filter($0) }, limit: 24)
        view.update(with: .board(.ranking(board), time: Fixture.noon), in: Self.size, at: start)
        return view
    }

    private func lines(of view: inout WatchView, columns: Int = 80) -> [String] {
        view.lines(
            in: WatchView.Size(columns: columns, rows: 24), on: Display(isTerminal: true), at: start,
            clock: Fixture.noon)
    }

    @Test func `The cursor is shown at its place, and a long line is moved so that it is`() throws {
        var view = try view()
        _ = lines(of: &view)
        #expect(view.cursorColumn == nil)
        for key in "/名a" { _ = view.press(.character(key)) }
        #expect(lines(of: &view)[23].hasPrefix("/名a") && view.cursorColumn == 4)
        _ = view.press(.left)
        _ = lines(of: &view)
        #expect(view.cursorColumn == 3)
        _ = view.press(.paste(String(repeating: "b", count: 200) + "c"))
        for columns in [1, 2, 5, 80] {
            let line = lines(of: &view, columns: columns)[23]
            #expect(view.cursorColumn.map { $0 < columns } ?? false, "\(columns): \(line)")
        }
        #expect(lines(of: &view)[23].contains("bc"))
        _ = view.press(.enter)
        _ = lines(of: &view)
        #expect(view.cursorColumn == nil)
    }

    @Test func `The table stays while an expression is begun, and the number of matches is shown`() throws {
        var view = try view()
        let all = view.rowIDs
        var typed = ""
        _ = view.press(.character("/"))
        for key in "not (valid " {
            typed.append(key)
            _ = view.press(.character(key))
            #expect(view.rowIDs == all || typed.count < 3, "\(typed)")
        }
        _ = view.press(.control("u"))
        _ = view.press(.paste("linear"))
        #expect(view.rowIDs.count == 1)
        _ = view.press(.enter)
        #expect(lines(of: &view)[0].contains(" ranked · 1 with the text linear · "))
        #expect(lines(of: &view)[23].hasPrefix("text filter: linear"))
        _ = view.press(.character("/"))
        _ = view.press(.control("u"))
        _ = view.press(.paste("lr < "))
        _ = view.press(.enter)
        #expect(
            lines(of: &view).contains {
                $0.hasPrefix("no experiment matches. As an expression: a value is missing after <")
            })
    }

    @Test func `Pasted text runs no keys, and without keys none are explained`() throws {
        var view = try view()
        #expect(view.press(.paste("q")) == .redraw)
        #expect(lines(of: &view)[23].contains("q quit"))
        view.hasKeys = false
        #expect(lines(of: &view)[23] == "")
    }

    @Test func `An expression has the number of its matches in the title`() throws {
        var view = try view(filter: "valid > 100")
        #expect(lines(of: &view)[0].contains(" ranked · 0 with valid > 100 · "))
        #expect(lines(of: &view).contains("no experiment matches"))
    }

    @Test func `Two filters are one, and each has its errors in its own text`() throws {
        let catalogue = FilterCatalogue(columns: ["param.lr", "max.valid"])
        for (first, second) in [("", "lr < 1"), ("lr < 5;", "where lr < 1"), ("lr > 0 or lr < 1", "valid > 0")] {
            let joined = try Filter(first).joined(with: try Filter(second))
            _ = try joined.bound(to: catalogue)
        }
        let joined = try Filter("lr > 0").joined(with: try Filter("valid > 0 and vaild > 1"))
        #expect(joined.text == "(lr > 0) and (valid > 0 and vaild > 1)")
        let error = #expect(throws: FilterError.self) { try joined.bound(to: catalogue) }
        #expect(error?.from == 14 && error?.expression == "valid > 0 and vaild > 1")
        // Only the first one may name fields that are missing.
        let lenient = try Filter("loss > 0", isLenient: true)
        _ = try lenient.joined(with: try Filter("lr > 0")).bound(to: catalogue)
        #expect(throws: FilterError.self) {
            try lenient.joined(with: try Filter("los > 0")).bound(to: catalogue)
        }
    }
}
