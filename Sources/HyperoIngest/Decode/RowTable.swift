package import HyperoSchema

/// Rows of learning curves in one array of numbers, so that a row needs no allocation of its own.
///
/// A batch has one table for the rows of its events. The fold continues with a copy and adds the prior rows and the
/// merged rows.
package struct RowTable {
    /// A row of the table.
    package struct Row: Sendable, Hashable {
        /// The index of the shape in ``RowTable/shapes``; -1 if the row has no cell. Below -1 if the row grows: each such row
        /// has a number of its own.
        let shape: Int32
        /// The index of the first number in ``RowTable/numbers``.
        let firstNumber: Int32

        /// The index in ``RowTable/growingRows``; nil if the row does not grow.
        fileprivate var growingIndex: Int? { shape < -1 ? Int(-2 - shape) : nil }
    }

    /// A wide row whose channels arrive in parts. Each new channel would else copy the row and its shape.
    private struct GrowingRow {
        var channels: [String]
        var numbers: [Number]
        var indexes: [ExactText: Int]

        mutating func set(_ channel: String, to number: Number) {
            let index = indexes[ExactText(channel), default: channels.count]
            guard index == channels.count else {
                numbers[index] = number
                return
            }
            indexes[ExactText(channel)] = index
            channels.append(channel)
            numbers.append(number)
        }
    }

    package private(set) var shapes: [RowShape] = []
    private(set) var numbers: [Number] = []
    private var shapeIndexes: [[ExactText]: Int32] = [:]
    private var growingRows: [GrowingRow] = []
    /// The shapes of rows that were kept from earlier batches, with their indexes. Each batch has objects of its own for equal
    /// shapes, and a comparison of their channels would cost more than the row.
    private var keptShapes: [ObjectIdentifier: (shape: RowShape, index: Int32)] = [:]
    private var latestKeptShape: (shape: RowShape, index: Int32)?

    /// The number of channels above which a row grows in place.
    private static let growingWidth = 16

    init() {}

    /// The row without cells.
    static let empty = Row(shape: -1, firstNumber: 0)

    // MARK: - Reading

    func count(of row: Row) -> Int { row.shape == -1 ? 0 : numbers(of: row).count }

    func channels(of row: Row) -> [String] {
        if let index = row.growingIndex { return growingRows[index].channels }
        return row.shape < 0 ? [] : shapes[Int(row.shape)].channels
    }

    func shape(of row: Row) -> RowShape? {
        if let index = row.growingIndex { return RowShape(growingRows[index].channels) }
        return row.shape < 0 ? nil : shapes[Int(row.shape)]
    }

    /// Returns the number of a channel; nil if the row lacks the channel.
    func number(of channel: String, in row: Row) -> Number? {
        if let index = row.growingIndex {
            return growingRows[index].indexes[ExactText(channel)].map { growingRows[index].numbers[$0] }
        }
        guard row.shape >= 0, let index = shapes[Int(row.shape)].index(of: channel) else { return nil }
        return numbers[Int(row.firstNumber) + index]
    }

    func numbers(of row: Row) -> ArraySlice<Number> {
        if let index = row.growingIndex { return growingRows[index].numbers[...] }
        guard row.shape >= 0 else { return [] }
        let first = Int(row.firstNumber)
        return numbers[first..<first + shapes[Int(row.shape)].channels.count]
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
        WorkCounter.count(cells.count)
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
    ///
    /// - Parameter isOwned: true if `row` is the result of an earlier merge and may be overwritten. A row of a thousand
    ///   channels that arrives cell by cell is then copied once and not once per cell.
    mutating func merge(_ later: Row, into row: Row, isOwned: Bool) -> Row {
        guard row.shape != -1, later.shape != row.shape else { return later }
        guard later.shape >= 0 else { return row }
        let laterShape = shapes[Int(later.shape)]
        let laterFirst = Int(later.firstNumber)
        WorkCounter.count(laterShape.channels.count)
        if let index = row.growingIndex {
            for (offset, channel) in laterShape.channels.enumerated() {
                growingRows[index].set(channel, to: numbers[laterFirst + offset])
            }
            return row
        }
        let shape = shapes[Int(row.shape)]
        let positions = laterShape.channels.map { shape.index(of: $0) }
        let newChannels = zip(laterShape.channels, positions).filter { $1 == nil }.map(\.0)
        var merged = row
        if !isOwned || !newChannels.isEmpty {
            WorkCounter.count(shape.channels.count)
            if !newChannels.isEmpty, shape.channels.count > Self.growingWidth {
                return grow(row, of: shape, by: laterShape, from: laterFirst)
            }
            merged = beginRow(shape: newChannels.isEmpty ? row.shape : intern(channels: shape.channels + newChannels))
            // By index, because a slice would share the array and make it be copied.
            for offset in shape.channels.indices { numbers.append(numbers[Int(row.firstNumber) + offset]) }
        }
        for (offset, position) in positions.enumerated() {
            let number = numbers[laterFirst + offset]
            if let position { numbers[Int(merged.firstNumber) + position] = number } else { numbers.append(number) }
        }
        return merged
    }

    /// Makes a growing row of a row and the cells of a later one.
    private mutating func grow(_ row: Row, of shape: RowShape, by later: RowShape, from laterFirst: Int) -> Row {
        var growing = GrowingRow(
            channels: shape.channels, numbers: Array(numbers(of: row)),
            indexes: Dictionary(zip(shape.channels.map { ExactText($0) }, 0...)) { first, _ in first })
        for (offset, channel) in later.channels.enumerated() { growing.set(channel, to: numbers[laterFirst + offset]) }
        growingRows.append(growing)
        return Row(shape: Int32(-1 - growingRows.count), firstNumber: 0)
    }

    // MARK: - Shapes

    private mutating func internShape(of cells: [CurveRow.Cell]) -> Int32 {
        // Most batches have only a few shapes, and consecutive entries mostly share one.
        if let last = shapes.last, last.matches(cells) { return Int32(shapes.count - 1) }
        return intern(channels: cells.map(\.channel))
    }

    private mutating func intern(channels names: [String]) -> Int32 {
        WorkCounter.count(names.count)
        let channels = names.map { ExactText($0) }
        if let index = shapeIndexes[channels] { return index }
        return add(RowShape(names), channels: channels)
    }

    private mutating func intern(_ shape: RowShape) -> Int32 {
        if let latestKeptShape, latestKeptShape.shape === shape { return latestKeptShape.index }
        let known = keptShapes[ObjectIdentifier(shape)]?.index
        let index = known ?? index(of: shape)
        if known == nil { keptShapes[ObjectIdentifier(shape)] = (shape, index) }
        latestKeptShape = (shape, index)
        return index
    }

    private mutating func index(of shape: RowShape) -> Int32 {
        let channels = shape.channels.map { ExactText($0) }
        return shapeIndexes[channels] ?? add(shape, channels: channels)
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
    /// Indexes by channel; empty for a few channels, where a linear search is faster.
    private let indexes: [ExactText: Int]

    private static let linearLimit = 12

    init(_ channels: [String]) {
        self.channels = channels
        labels = channels.enumerated().map { Array((($0 == 0 ? "" : " ") + CurveRow.label(of: $1)).utf8) }
        fieldNames = channels.map { Array((Prefix.curve + $0).utf8) }
        indexes =
            channels.count <= Self.linearLimit
            ? [:] : Dictionary(zip(channels.map { ExactText($0) }, 0...)) { first, _ in first }
    }

    /// Returns the index of a channel's number among the numbers of a row; nil if the shape lacks the channel.
    func index(of channel: String) -> Int? {
        guard channels.count <= Self.linearLimit else { return indexes[ExactText(channel)] }
        // Equal bytes are equal strings, and the comparison of two short strings needs no access to their bytes.
        return channels.firstIndex { $0 == channel && $0.hasSameBytes(as: channel) }
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

    /// Returns the number of a channel; nil if the row lacks the channel.
    func number(of channel: String) -> Number? { shape?.index(of: channel).map { numbers[$0] } }

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
