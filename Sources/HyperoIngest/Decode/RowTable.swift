package import HyperoSchema

/// Rows of learning curves in one array of numbers, so that a row needs no allocation of its own.
///
/// A batch has one table for the rows of its events. The fold continues with a copy and adds the prior rows and the
/// merged rows.
package struct RowTable {
    /// A row of the table.
    package struct Row: Sendable, Hashable {
        /// The index of the shape in ``RowTable/shapes``; -1 if the row has no cell.
        let shape: Int32
        /// The index of the first number in ``RowTable/numbers``.
        let firstNumber: Int32
    }

    package private(set) var shapes: [RowShape] = []
    private(set) var numbers: [Number] = []
    private var shapeIndexes: [[ExactText]: Int32] = [:]

    init() {}

    /// The row without cells.
    static let empty = Row(shape: -1, firstNumber: 0)

    // MARK: - Reading

    func count(of row: Row) -> Int { row.shape < 0 ? 0 : shapes[Int(row.shape)].channels.count }

    func channels(of row: Row) -> [String] { row.shape < 0 ? [] : shapes[Int(row.shape)].channels }

    func shape(of row: Row) -> RowShape? { row.shape < 0 ? nil : shapes[Int(row.shape)] }

    /// Returns the number of a channel; nil if the row lacks the channel.
    func number(of channel: String, in row: Row) -> Number? {
        guard row.shape >= 0, let index = shapes[Int(row.shape)].index(of: channel) else { return nil }
        return numbers[Int(row.firstNumber) + index]
    }

    func numbers(of row: Row) -> ArraySlice<Number> {
        numbers[Int(row.firstNumber)..<Int(row.firstNumber) + count(of: row)]
    }

    package func cells(of row: Row) -> [CurveRow.Cell] {
        zip(channels(of: row), numbers(of: row)).map { CurveRow.Cell($0, $1) }
    }

    // MARK: - Adding

    /// Begins a row with a shape of the table. The caller must append one number per channel (``append(_:)``) before it
    /// adds another row.
    mutating func beginRow(shape: Int32) -> Row { Row(shape: shape, firstNumber: Int32(numbers.count)) }

    mutating func append(_ number: Number) { numbers.append(number) }

    /// Removes the numbers of the row that was begun last.
    mutating func discard(_ row: Row) { numbers.removeLast(numbers.count - Int(row.firstNumber)) }

    mutating func add(_ cells: [CurveRow.Cell]) -> Row {
        guard !cells.isEmpty else { return Self.empty }
        let row = beginRow(shape: internShape(of: cells))
        for cell in cells { numbers.append(cell.number) }
        return row
    }

    mutating func add(_ kept: KeptRow) -> Row {
        guard let shape = kept.shape else { return Self.empty }
        let row = beginRow(shape: intern(shape))
        numbers.append(contentsOf: kept.numbers)
        return row
    }

    /// Returns a copy of a row that does not depend on the table.
    func kept(_ row: Row) -> KeptRow {
        KeptRow(shape: shape(of: row), numbers: Array(numbers(of: row)))
    }

    /// Returns a row with the cells of two rows; for a channel of both, the later number wins.
    mutating func merge(_ later: Row, into row: Row) -> Row {
        guard row.shape >= 0 else { return later }
        guard later.shape != row.shape else { return later }
        var merged = CurveRow(cells(of: row))
        for cell in cells(of: later) { merged.set(cell) }
        return add(merged.cells)
    }

    // MARK: - Shapes

    private mutating func internShape(of cells: [CurveRow.Cell]) -> Int32 {
        // Most batches have only a few shapes, and consecutive entries mostly share one.
        if let last = shapes.last, last.matches(cells) { return Int32(shapes.count - 1) }
        let channels = cells.map { ExactText($0.channel) }
        if let index = shapeIndexes[channels] { return index }
        return add(RowShape(cells.map(\.channel)), channels: channels)
    }

    private mutating func intern(_ shape: RowShape) -> Int32 {
        if let index = shapes.prefix(4).firstIndex(where: { $0 === shape }) { return Int32(index) }
        let channels = shape.channels.map { ExactText($0) }
        if let index = shapeIndexes[channels] { return index }
        return add(shape, channels: channels)
    }

    private mutating func add(_ shape: RowShape, channels: [ExactText]) -> Int32 {
        let index = Int32(shapes.count)
        shapes.append(shape)
        shapeIndexes[channels] = index
        return index
    }
}

/// The channels of a row, in order of first appearance.
///
/// All rows of a training have the same few shapes, so a row is stored as a shape and its numbers.
package final class RowShape: Sendable {
    let channels: [String]
    /// The bytes before each number in the text of a row, as in ``CurveRow/text``: `train=`, ` valid=`.
    let labels: [[UInt8]]
    /// The field names of an `epoch` event: `curve.train`, `curve.valid`.
    let fieldNames: [[UInt8]]

    init(_ channels: [String]) {
        self.channels = channels
        labels = channels.enumerated().map { Array((($0 == 0 ? "" : " ") + CurveRow.label(of: $1)).utf8) }
        fieldNames = channels.map { Array((Prefix.curve + $0).utf8) }
    }

    /// Returns the index of a channel's number among the numbers of a row; nil if the shape lacks the channel.
    func index(of channel: String) -> Int? {
        channels.firstIndex { $0.hasSameBytes(as: channel) }
    }

    /// Returns whether another shape has the same channels in the same order.
    func hasSameChannels(as other: RowShape) -> Bool {
        self === other
            || channels.count == other.channels.count
                && zip(channels, other.channels).allSatisfy { $0.hasSameBytes(as: $1) }
    }

    /// Returns whether cells have the channels of this shape, in the same order.
    func matches(_ cells: [CurveRow.Cell]) -> Bool {
        channels.count == cells.count && zip(channels, cells).allSatisfy { $0.hasSameBytes(as: $1.channel) }
    }
}

/// A row outside of a ``RowTable``, kept from batch to batch.
struct KeptRow: Sendable, Hashable {
    /// The shape; nil if the row has no cell.
    let shape: RowShape?
    let numbers: [Number]

    /// The approximate memory of the row in bytes, without its shape, which is shared.
    var cost: Int { 64 + numbers.count * MemoryLayout<Number>.stride }

    static func == (left: Self, right: Self) -> Bool {
        guard let leftShape = left.shape, let rightShape = right.shape else {
            return left.shape == nil && right.shape == nil
        }
        return left.numbers == right.numbers && leftShape.hasSameChannels(as: rightShape)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(numbers) }
}
