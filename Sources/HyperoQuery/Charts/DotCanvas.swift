/// A grid of dots, several of them per character.
struct DotCanvas {
    let marker: ChartMarker
    /// The number of characters.
    let columns: Int
    let rows: Int
    /// The dots of each character.
    private var cells: [UInt8]
    /// The lowest index of the curves through each character.
    private var owners: [Int]

    init(columns: Int, rows: Int, marker: ChartMarker) {
        self.marker = marker
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: 0, count: columns * rows)
        owners = Array(repeating: .max, count: columns * rows)
    }

    /// The number of dots.
    var dotColumns: Int { columns * marker.dots.across }
    var dotRows: Int { rows * marker.dots.down }

    /// Sets a dot. A dot outside of the canvas is ignored.
    ///
    /// - Parameters:
    ///   - column: from 0 at the left.
    ///   - row: from 0 at the top.
    ///   - curve: the index of the curve. The character has the colour of the first curve through it.
    mutating func set(column: Int, row: Int, curve: Int) {
        guard (0..<dotColumns).contains(column), (0..<dotRows).contains(row) else { return }
        let (across, down) = marker.dots
        let cell = row / down * columns + column / across
        cells[cell] |= 1 << UInt8(column % across * down + row % down)
        owners[cell] = min(owners[cell], curve)
    }

    /// Sets the dots of a line, by the algorithm of Bresenham.
    mutating func line(from start: (column: Int, row: Int), to end: (column: Int, row: Int), curve: Int) {
        let (width, height) = (abs(end.column - start.column), -abs(end.row - start.row))
        let (right, down) = (start.column < end.column ? 1 : -1, start.row < end.row ? 1 : -1)
        var (column, row) = start
        var error = width + height
        while true {
            set(column: column, row: row, curve: curve)
            if column == end.column, row == end.row { return }
            let doubled = 2 * error
            if doubled >= height {
                error += height
                column += right
            }
            if doubled <= width {
                error += width
                row += down
            }
        }
    }

    /// Returns a row of characters, as parts of one colour each.
    ///
    /// - Parameter style: returns the style of a curve.
    func spans(ofRow row: Int, style: (_ curve: Int) -> Style) -> [Page.Span] {
        var spans: [Page.Span] = []
        for column in 0..<columns {
            let cell = row * columns + column
            let style = cells[cell] == 0 ? Style.plain : style(owners[cell])
            let character = marker.character(cells[cell])
            if let last = spans.indices.last, spans[last].style == style {
                spans[last].text.append(character)
            } else {
                spans.append(Page.Span(String(character), style: style))
            }
        }
        return spans
    }
}
