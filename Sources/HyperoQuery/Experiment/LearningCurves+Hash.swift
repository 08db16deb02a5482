import HyperoSchema

extension LearningCurves {
    /// Reads the hash of the rows.
    ///
    /// - Parameter key: what warnings call it.
    init(rows: [(name: String, value: String)], key: String, _ warnings: inout [String]) {
        var parsed: [(epoch: Int, row: CurveRow)] = []
        parsed.reserveCapacity(rows.count)
        var unreadable: [String] = []
        for (epoch, text) in rows {
            if let epoch = Int(epoch), epoch >= 0, let row = CurveRow(text: text) {
                parsed.append((epoch, row))
            } else {
                unreadable.append(epoch)
            }
        }
        if let first = unreadable.min() {
            warnings.append(
                "\(key): \(unreadable.count) of \(rows.count) rows cannot be read, as that of epoch '\(printable(first))'"
            )
        }
        parsed.sort { $0.epoch < $1.epoch }
        var columns: [ExactText: [Double?]] = [:]
        for (index, (_, row)) in parsed.enumerated() {
            for cell in row.cells {
                let channel = ExactText(cell.channel)
                columns[channel, default: Array(repeating: nil, count: parsed.count)][index] = cell.number.value
            }
        }
        epochs = parsed.map(\.epoch)
        channels = columns.map { Channel(name: $0.key.text, values: $0.value) }
            .sorted { channelsComeInOrder($0.name, $1.name) }
    }
}
