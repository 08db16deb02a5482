import HyperoSchema

extension WatchView {
    /// The reaction to a key.
    package enum Action: Sendable, Hashable {
        /// The screen may have changed.
        case redraw
        /// The program ends.
        case quit
    }

    /// The number of rows by which a page key moves.
    private static let page = 10

    /// Changes the state by a key.
    package mutating func press(_ key: Key) -> Action {
        if typedFilter != nil {
            edit(key)
            return .redraw
        }
        // Pasted text runs no keys.
        if case .paste = key { return .redraw }
        if showsHelp {
            showsHelp = false
            return key == .character("q") ? .quit : .redraw
        }
        switch key {
        case .character("q"): return .quit
        case .character("?"), .character("h"): showsHelp = true
        case .character("/"): typedFilter = LineEditor(filter?.text ?? "")
        case .character(" "):
            isPaused.toggle()
            pausedEvents = isPaused ? events : nil
        case .character("y"): isLogY.toggle()
        case .character("s"): sortByNext()
        case .character("S"): isSortDescending.toggle()
        case .up, .character("k"): move(by: -1)
        case .down, .character("j"): move(by: 1)
        case .pageUp: move(by: -Self.page)
        case .pageDown: move(by: Self.page)
        case .home: move(by: -Int(Int32.max))
        case .end: move(by: Int(Int32.max))
        case .enter, .right: open()
        case .escape, .left, .backspace: goBack()
        default: break
        }
        return .redraw
    }

    private mutating func edit(_ key: Key) {
        guard var line = typedFilter else { return }
        switch key {
        case .escape:
            typedFilter = nil
            filter = nil
            return
        case .enter:
            typedFilter = nil
            filter = RowFilter(line.text)
            return
        default: line.press(key)
        }
        guard line != typedFilter else { return }
        let hasChanged = line.text != typedFilter?.text
        typedFilter = line
        // The rows follow each key, but not a text that will become an expression.
        guard hasChanged else { return }
        let new = RowFilter(line.text)
        if new?.expression != nil || !RowFilter.isBegun(line.text) && !isBegunExpression(new) {
            filter = new
        } else if filter?.expression == nil {
            // The rows that contain its first letters are of no use.
            filter = nil
        }
    }

    /// Returns whether no row contains a text that begins with a field's name.
    private func isBegunExpression(_ new: RowFilter?) -> Bool {
        guard let new, case .ranking(let ranking) = board, !ranking.rows.contains(where: new.matches) else {
            return false
        }
        let word = new.text.lowercased().drop { " (`\"".contains($0) }.prefix {
            !$0.isWhitespace && $0 != "`" && $0 != "\""
        }
        guard let row = ranking.rows.first, !word.isEmpty else { return true }
        let names =
            row.params.map(\.name) + row.meta.map(\.name) + row.maxima.map(\.channel) + [ranking.channel, "not"]
            + FilterAttribute.allCases.map(\.rawValue)
        return FilterPrefix.split(word + "x") != nil || names.contains { $0.lowercased().hasPrefix(word) }
    }

    private mutating func move(by count: Int) {
        guard details == nil else {
            detailsOffset = max(0, min(detailsOffset + count, Self.maxDetailsOffset))
            return
        }
        let ids = rowIDs
        guard !ids.isEmpty else { return }
        let current = selected.flatMap { ids.firstIndex(of: $0) }
        let next = current.map { $0 + count } ?? (count > 0 ? count - 1 : count == -1 ? ids.count - 1 : 0)
        selected = ids[max(0, min(next, ids.count - 1))]
    }

    /// The frame moves an offset beyond the last line back.
    private static let maxDetailsOffset = 1_000_000

    private mutating func open() {
        guard details == nil, let selected = selected ?? rowIDs.first else { return }
        self.selected = selected
        if case .batteries = board {
            openBattery = selected
            (self.selected, sortField, filter, record, lastSeen) = (nil, nil, nil, nil, nil)
        } else if ExperimentID(selected) != nil {
            details = selected
            (detailsOffset, report) = (0, nil)
        }
    }

    private mutating func goBack() {
        if details != nil {
            details = nil
        } else if filter != nil {
            filter = nil
        } else if sortField != nil {
            sortField = nil
        } else if let battery = openBattery {
            openBattery = nil
            selected = battery
        } else {
            selected = nil
        }
    }

    /// Sorts by the column after the present one, and after the last one in the order of the result.
    private mutating func sortByNext() {
        guard let current = sortField.flatMap({ sortFields.firstIndex(of: $0) }) else {
            sortField = sortFields.first
            return
        }
        sortField = current + 1 < sortFields.count ? sortFields[current + 1] : nil
    }
}
