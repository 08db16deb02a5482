/// Rows of cells under titles.
struct Table {
    struct Column {
        var title: String
        /// True for a column of numbers, which is aligned to the right.
        var isNumeric = false
        /// The order in which a narrow display truncates the columns.
        var truncation = Truncation.late
        /// The width below which the column is truncated only when all columns at its right are hidden.
        var leastWidth = Table.minColumnWidth
        /// True if a narrow display truncates the column rather than to hide it.
        var isRequired = false
    }

    /// The order in which a narrow display truncates the cells of columns.
    enum Truncation {
        /// Before any other column, for example a description.
        case early
        /// After the early ones.
        case late
        /// Never, for example an id, because a part of it is useless. A required column is truncated if it is wider than the
        /// display.
        case never
    }

    struct Cell {
        /// The text; nil for an absent value.
        var text: String?
        var style = Style.plain

        /// - Parameter text: nil for an absent value.
        init(_ text: String?, style: Style = .plain) {
            self.text = text
            self.style = text == nil ? .dim : style
        }
    }

    var columns: [Column]
    var rows: [[Cell]] = []
    /// The texts below the rows, one per row; empty for none.
    var details: [String] = []
    /// The text of an absent value.
    var absence = "-"

    /// The spaces between two columns.
    private static let gap = 2
    /// The width below which no column is truncated.
    static let minColumnWidth = 8
    /// The width above which a cell is truncated on a display without a width, such as a file: the reason of a failure may have
    /// 64 KiB.
    private static let maxCellWidth = 120
    /// The number of hidden columns that the footer names, and the width of each name.
    private static let maxNamedColumns = 8
    private static let maxNameWidth = 40

    /// The width of the whole table without truncation.
    func fullWidth(on page: Page) -> Int {
        fullWidths(of: texts(on: page), titles: titles(on: page)).reduce(0, +) + Self.gap * max(columns.count - 1, 0)
    }

    /// Writes the table within the width of the display.
    ///
    /// - Returns: the titles of the columns hidden at the right.
    @discardableResult
    func write(to page: inout Page) -> [String] {
        let texts = texts(on: page)
        let titles = titles(on: page)
        let fullWidths = fullWidths(of: texts, titles: titles)
        let widths = fitted(fullWidths, titles: titles, within: page.display.width)
        func padded(_ text: String, column: Int) -> String {
            let text = truncated(text, toWidth: widths[column], ellipsis: page.display.ellipsis)
            return self.padded(text, toWidth: widths[column], column: column, isLast: column == widths.count - 1)
        }
        page.line(spaced(widths.indices.map { Page.Span(padded(titles[$0], column: $0), style: .bold) }))
        for (index, (cells, texts)) in zip(rows, texts).enumerated() {
            page.line(
                spaced(widths.indices.map { Page.Span(padded(texts[$0], column: $0), style: cells[$0].style) }))
            if !details.isEmpty { page.paragraph(details[index], style: .red, indent: Self.gap) }
        }
        return columns[widths.count...].map(\.title)
    }

    /// Writes the table, and below it the names of hidden columns with the page's advice.
    ///
    /// - Parameters:
    ///   - omitted: the titles of further columns that the table does not have.
    ///   - summary: returns a line above the names, from the numbers of all and of hidden columns; nil for none.
    func writeWithFooter(
        to page: inout Page, omitted: [String] = [],
        summary: (_ columns: Int, _ hidden: Int) -> String? = { _, _ in nil }
    ) {
        let hidden = write(to: &page) + omitted
        if let line = summary(columns.count + omitted.count, hidden.count) { page.paragraph(line, style: .dim) }
        guard !hidden.isEmpty else { return }
        let names = hidden.prefix(Self.maxNamedColumns).map {
            truncated(page.escaped($0), toWidth: Self.maxNameWidth, ellipsis: page.display.ellipsis)
        }
        let more = hidden.count > names.count ? " and \(hidden.count - names.count) more" : ""
        let advice = page.advice[.hiddenColumns].map { ". \($0)" } ?? ""
        page.paragraph(
            "\(counted(hidden.count, noun: "column")) hidden: \(names.joined(separator: ", "))\(more)\(advice)",
            style: .dim)
    }

    private func titles(on page: Page) -> [String] { columns.map { page.escaped($0.title) } }

    /// Returns the cells as they are written, before truncation.
    private func texts(on page: Page) -> [[String]] {
        var texts = rows.map { $0.map { $0.text.map(page.escaped) ?? absence } }
        for column in columns.indices where columns[column].isNumeric { alignDecimalPoints(in: column, of: &texts) }
        return texts
    }

    private func fullWidths(of texts: [[String]], titles: [String]) -> [Int] {
        columns.indices.map { column in
            texts.reduce(textWidth(titles[column])) { max($0, textWidth($1[column])) }
        }
    }

    private func spaced(_ spans: [Page.Span]) -> [Page.Span] {
        Array(spans.map { [$0] }.joined(separator: [Page.Span(String(repeating: " ", count: Self.gap))]))
    }

    private func padded(_ text: String, toWidth width: Int, column: Int, isLast: Bool) -> String {
        let space = String(repeating: " ", count: max(0, width - textWidth(text)))
        var cell = columns[column].isNumeric ? space + text : text + space
        // No spaces at the end of a line.
        if isLast {
            while cell.unicodeScalars.last == " " { cell.unicodeScalars.removeLast() }
        }
        return cell
    }

    /// Appends spaces to the numbers of a column, so that their decimal points are aligned. A column that contains an
    /// exponent is not changed.
    private func alignDecimalPoints(in column: Int, of texts: inout [[String]]) {
        // Bytes are enough: a number is ASCII, and other text gets no spaces.
        let fractionLengths = texts.map { row in
            row[column].utf8.firstIndex(of: UInt8(ascii: ".")).map { row[column].utf8[$0...].count } ?? 0
        }
        let longest = fractionLengths.max() ?? 0
        guard longest > 0, !texts.contains(where: { $0[column].utf8.contains(UInt8(ascii: "e")) }) else { return }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        for index in texts.indices where texts[index][column].utf8.last.map(digits.contains) == true {
            texts[index][column] += String(repeating: " ", count: longest - fractionLengths[index])
        }
    }

    /// Returns the widths of the columns that fit. Hides columns at the right that have no room even if all others are
    /// truncated, and truncates the widest of the shown columns until they fit.
    private func fitted(_ fullWidths: [Int], titles: [String], within limit: Int?) -> [Int] {
        guard let limit else { return fullWidths.map { min($0, Self.maxCellWidth) } }
        func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + Self.gap * (widths.count - 1) }
        let bounded = fullWidths.map { min($0, max(limit, Self.minColumnWidth)) }
        let least = bounded.indices.map { column in
            columns[column].isNumeric || columns[column].truncation == .never
                ? bounded[column] : min(bounded[column], max(columns[column].leastWidth, textWidth(titles[column])))
        }
        let required = (columns.lastIndex(where: \.isRequired) ?? 0) + 1
        var count = bounded.count
        while count > required, total(Array(least[..<count])) > limit { count -= 1 }
        var widths = Array(bounded[..<count])
        func reduce(_ candidates: [Int], downTo least: (Int) -> Int) {
            while total(widths) > limit {
                let widest = candidates.filter { widths[$0] > least($0) }.max { widths[$0] < widths[$1] }
                guard let widest else { return }
                widths[widest] -= 1
            }
        }
        for truncation in [Truncation.early, .late] {
            reduce(widths.indices.filter { columns[$0].truncation == truncation }) { least[$0] }
        }
        // The required columns alone are too wide.
        reduce(Array(widths.indices)) { columns[$0].isNumeric ? least[$0] : Self.minColumnWidth }
        return widths
    }
}
