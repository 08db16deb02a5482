import HyperoSchema

extension LearningCurves {
    /// Creates the curves from the hash of the rows, which has a row in logfmt per epoch.
    ///
    /// Malformed rows are left out. One warning has their number and one of their epochs.
    ///
    /// - Parameters:
    ///   - rows: the fields of the hash: epochs and rows.
    ///   - key: the key of the hash, for the warning.
    init(rows: [(name: String, value: String)], key: String, warnings: inout [String]) {
        var parsed: [(epoch: Int, row: CurveRow)] = []
        parsed.reserveCapacity(rows.count)
        var malformed: [String] = []
        for (epoch, text) in rows {
            if let epoch = Int(epoch), epoch >= 0, let row = CurveRow(text: text) {
                parsed.append((epoch, row))
            } else {
                malformed.append(epoch)
            }
        }
        if let first = malformed.min() {
            warnings.append(
                "malformed rows in \(key): \(malformed.count) of \(rows.count), for example epoch '\(printable(first))'"
            )
        }
        parsed.sort { $0.epoch < $1.epoch }
        var columns: [ExactText: [Number?]] = [:]
        for (index, (_, row)) in parsed.enumerated() {
            for cell in row.cells {
                let channel = ExactText(cell.channel)
                columns[channel, default: Array(repeating: nil, count: parsed.count)][index] = cell.number
            }
        }
        epochs = parsed.map(\.epoch)
        channels = columns.map { Channel(name: $0.key.text, numbers: $0.value) }
            .sorted { ChannelOrder($0.name) < ChannelOrder($1.name) }
    }
}
