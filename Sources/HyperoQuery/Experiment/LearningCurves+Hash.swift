import HyperoSchema

extension LearningCurves {
    /// Creates the curves from the hash of the rows, which has a row in logfmt per epoch.
    ///
    /// Malformed rows are left out, and so are epochs beyond the limit of the events, which a double cannot tell apart. One warning
    /// has their number and one of their epochs.
    ///
    /// - Parameters:
    ///   - rows: the fields of the hash: epochs and rows.
    ///   - key: the key of the hash, for the warning.
    init(rows: [(name: String, value: String)], key: String, warnings: inout [String]) {
        var parsed: [(epoch: Int, row: CurveRow)] = []
        parsed.reserveCapacity(rows.count)
        var malformed: [String] = []
        for (epoch, text) in rows {
            if let epoch = Int(epoch), (0...Int(Limits.integer)).contains(epoch), let row = CurveRow(text: text) {
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
        var columns: [ExactText: Column] = [:]
        for (index, (_, row)) in parsed.enumerated() {
            for cell in row.cells {
                columns[ExactText(cell.channel), default: Column()].set(cell.number, row: index)
            }
        }
        epochs = parsed.map(\.epoch)
        channels = columns.map {
            Channel(name: $0.key.text, rows: $0.value.rows, numbers: $0.value.numbers, epochCount: parsed.count)
        }
        .sorted { ChannelOrder($0.name) < ChannelOrder($1.name) }
    }
}

/// The logged numbers of a channel.
private struct Column {
    private(set) var rows: [Int] = []
    private(set) var numbers: [Number] = []

    /// Adds the number of a row. Of a channel that a row has twice, the last number counts.
    mutating func set(_ number: Number, row: Int) {
        if rows.last == row {
            numbers[numbers.count - 1] = number
        } else {
            rows.append(row)
            numbers.append(number)
        }
    }
}
