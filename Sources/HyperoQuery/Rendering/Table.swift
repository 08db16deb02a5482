/// Rows under titles, for people.
struct Table {
    struct Column {
        var title: String
        /// Whether its cells are numbers, and so stand at the right.
        var isNumeric = false
        /// Whether a part of a cell is worth something; a part of an id is not.
        var canBeCut = true
    }

    struct Cell {
        var text: String
        var style = Style.plain

        /// - Parameter text: nil for what is not there.
        init(_ text: String?, _ style: Style = .plain) {
            self.text = text ?? "-"
            self.style = text == nil ? .dim : style
        }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    private static let gap = 2

    /// Writes the table, cut to the display's width.
    ///
    /// - Returns: how many columns at the right found no room.
    @discardableResult
    func write(to page: inout Page) -> Int {
        var texts = rows.map { $0.map { page.display.visible($0.text) } }
        let titles = columns.map { page.display.visible($0.title) }
        for column in columns.indices where columns[column].isNumeric {
            alignPoints(in: column, of: &texts)
        }
        let natural = columns.indices.map { column in
            texts.reduce(textWidth(titles[column])) { max($0, textWidth($1[column])) }
        }
        let widths = fitted(natural, titles: titles, into: page.display.width)
        let header = widths.indices.map { column in
            padded(titles[column], to: widths[column], column: column, of: widths.count, page.display)
        }
        page.line(spread(header.map { Page.Span($0, .bold) }))
        for (cells, texts) in zip(rows, texts) {
            let spans = widths.indices.map { column in
                Page.Span(
                    padded(texts[column], to: widths[column], column: column, of: widths.count, page.display),
                    cells[column].style)
            }
            page.line(spread(spans))
        }
        return columns.count - widths.count
    }

    /// Writes the table, and how many columns found no room, if any, with what to do about it.
    func writeWithRest(to page: inout Page, advice: String) {
        let hidden = write(to: &page)
        guard hidden > 0 else { return }
        page.line("\(hidden) more column\(hidden == 1 ? "" : "s") at the right: \(advice)", .dim)
    }

    private func spread(_ spans: [Page.Span]) -> [Page.Span] {
        Array(spans.map { [$0] }.joined(separator: [Page.Span(String(repeating: " ", count: Self.gap))]))
    }

    private func padded(_ text: String, to width: Int, column: Int, of count: Int, _ display: Display) -> String {
        let text = cut(text, to: width, ellipsis: display.ellipsis)
        let space = String(repeating: " ", count: max(0, width - textWidth(text)))
        var cell = columns[column].isNumeric ? space + text : text + space
        // Nothing comes after the last one.
        if column == count - 1 {
            while cell.unicodeScalars.last == " " { cell.unicodeScalars.removeLast() }
        }
        return cell
    }

    /// Puts the decimal points of a column below each other, unless a number has none to put.
    private func alignPoints(in column: Int, of texts: inout [[String]]) {
        // Bytes will do: numbers are ASCII, and whatever else stands here gets no spaces.
        let fractions = texts.map { row in
            row[column].utf8.firstIndex(of: UInt8(ascii: ".")).map { row[column].utf8[$0...].count } ?? 0
        }
        let longest = fractions.max() ?? 0
        guard longest > 0, !texts.contains(where: { $0[column].utf8.contains(UInt8(ascii: "e")) }) else { return }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        for index in texts.indices where texts[index][column].utf8.last.map(digits.contains) == true {
            texts[index][column] += String(repeating: " ", count: longest - fractions[index])
        }
    }

    /// The widths of the columns that find room: the widest texts give way first, then whole columns at the right.
    private func fitted(_ natural: [Int], titles: [String], into limit: Int?) -> [Int] {
        guard let limit else { return natural }
        let least = 8
        var widths = natural.map { min($0, max(limit, least)) }
        while widths.reduce(0, +) + Self.gap * (widths.count - 1) > limit {
            let widest = widths.indices
                .filter {
                    !columns[$0].isNumeric && columns[$0].canBeCut && widths[$0] > max(least, textWidth(titles[$0]))
                }
                .max { widths[$0] < widths[$1] }
            if let widest {
                widths[widest] -= 1
            } else if widths.count > 1 {
                widths.removeLast()
            } else {
                break
            }
        }
        return widths
    }
}
