import HyperoSchema

extension LearningCurves {
    /// The number of cells up to which a table of all epochs and channels is always written, and the least part of the cells of a
    /// larger one that must have values.
    private static let maxCells = 10_000_000
    private static let leastPart = 0.1

    /// True if the curves are not written as a table of all epochs and channels. It would have more than ten million cells, and
    /// fewer than a tenth of them would have values: an experiment with a channel per batch has as many channels as epochs.
    package var isTooSparse: Bool {
        Self.isTooSparse(rows: epochs.count, columns: channels.count, values: valueCount)
    }

    /// The number of logged values.
    var valueCount: Int { channels.reduce(0) { $0 + $1.numbers.count } }

    static func isTooSparse(rows: Int, columns: Int, values: Int) -> Bool {
        let cells = Double(rows) * Double(columns)
        return cells > Double(maxCells) && Double(values) < cells * leastPart
    }

    /// The curves as JSON: `epoch`, and in `channels` a value or null per epoch.
    var json: String {
        var table = JSONObject()
        table.add("epoch", array: epochs.map { String($0) })
        var columns = JSONObject()
        for channel in channels { columns.add(channel.name, array: channel.column.map(JSONObject.json)) }
        table.add("channels", json: columns.text)
        return table.text
    }

    /// Calls a function with each epoch and its values, one per column. A value that was not logged is nil.
    ///
    /// - Parameter columns: the names of channels, each once.
    func forEachRow(columns: [String], _ body: (_ epoch: Int, _ texts: [String?]) -> Void) {
        let indexes = Dictionary(columns.enumerated().map { (ExactText($1), $0) }) { first, _ in first }
        var rows = [[(column: Int, number: Number)]](repeating: [], count: epochs.count)
        for channel in channels {
            guard let column = indexes[ExactText(channel.name)] else { continue }
            for (row, number) in zip(channel.rows, channel.numbers) { rows[row].append((column, number)) }
        }
        for (epoch, cells) in zip(epochs, rows) {
            var texts = [String?](repeating: nil, count: columns.count)
            for cell in cells { texts[cell.column] = cell.number.text }
            body(epoch, texts)
        }
    }
}
