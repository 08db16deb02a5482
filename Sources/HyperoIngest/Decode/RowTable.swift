import HyperoSchema

/// Rows of learning curves without an allocation a row: the numbers of all of them one after another.
///
/// A batch has one with the rows of its events; the fold goes on with a copy, and adds what it knew before and what came
/// of merging.
package struct RowTable {
    /// A row: the place of its shape, and where its numbers begin.
    package struct Row: Sendable, Hashable {
        let shape: Int32
        let numbers: Int32
    }

    private(set) var shapes: [RowShape] = []
    private(set) var numbers: [Number] = []
    private var shapePlaces: [[ExactText]: Int32] = [:]

    init() {}

    static let empty = Row(shape: -1, numbers: 0)

    // MARK: - Reading

    func count(of row: Row) -> Int { row.shape < 0 ? 0 : shapes[Int(row.shape)].channels.count }

    func channels(of row: Row) -> [String] { row.shape < 0 ? [] : shapes[Int(row.shape)].channels }

    func shape(of row: Row) -> RowShape? { row.shape < 0 ? nil : shapes[Int(row.shape)] }

    /// The number of a channel; nil when the row lacks it.
    func number(of channel: String, in row: Row) -> Number? {
        guard row.shape >= 0, let place = shapes[Int(row.shape)].place(of: channel) else { return nil }
        return numbers[Int(row.numbers) + place]
    }

    func numbers(of row: Row) -> ArraySlice<Number> {
        numbers[Int(row.numbers)..<Int(row.numbers) + count(of: row)]
    }

    func cells(of row: Row) -> [CurveRow.Cell] {
        zip(channels(of: row), numbers(of: row)).map { CurveRow.Cell($0, $1) }
    }

    // MARK: - Adding

    /// Adds a row whose shape is known; its numbers come with ``append(_:)``, as many as it has channels.
    mutating func begin(shape: Int32) -> Row { Row(shape: shape, numbers: Int32(numbers.count)) }

    mutating func append(_ number: Number) { numbers.append(number) }

    /// Takes back the numbers from a row on, which was not to be.
    mutating func cancel(_ row: Row) { numbers.removeLast(numbers.count - Int(row.numbers)) }

    mutating func add(_ cells: [CurveRow.Cell]) -> Row {
        guard !cells.isEmpty else { return Self.empty }
        let row = begin(shape: place(of: cells))
        for cell in cells { numbers.append(cell.number) }
        return row
    }

    mutating func add(_ kept: KeptRow) -> Row {
        guard let shape = kept.shape else { return Self.empty }
        let row = begin(shape: place(of: shape))
        numbers.append(contentsOf: kept.numbers)
        return row
    }

    /// A row outside of the table, for what is known after the batch.
    func kept(_ row: Row) -> KeptRow {
        KeptRow(shape: shape(of: row), numbers: Array(numbers(of: row)))
    }

    /// The cells of one row with those of another set: a channel that both have gets the second's number.
    mutating func merge(_ later: Row, into row: Row) -> Row {
        guard row.shape >= 0 else { return later }
        guard later.shape != row.shape else { return later }
        var merged = CurveRow(cells(of: row))
        for cell in cells(of: later) { merged.set(cell) }
        return add(merged.cells)
    }

    // MARK: - Shapes

    private mutating func place(of cells: [CurveRow.Cell]) -> Int32 {
        // Few batches have more than some shapes, and neighbours share them.
        if let last = shapes.last, last.isShape(of: cells) { return Int32(shapes.count - 1) }
        let channels = cells.map { ExactText($0.channel) }
        if let place = shapePlaces[channels] { return place }
        return add(RowShape(cells.map(\.channel)), channels)
    }

    private mutating func place(of shape: RowShape) -> Int32 {
        if let place = shapes.prefix(4).firstIndex(where: { $0 === shape }) { return Int32(place) }
        let channels = shape.channels.map { ExactText($0) }
        if let place = shapePlaces[channels] { return place }
        return add(shape, channels)
    }

    private mutating func add(_ shape: RowShape, _ channels: [ExactText]) -> Int32 {
        let place = Int32(shapes.count)
        shapes.append(shape)
        shapePlaces[channels] = place
        return place
    }
}
