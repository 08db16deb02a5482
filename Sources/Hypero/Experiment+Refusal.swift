import HyperoSchema

// The refusal of rows, maxima and curves, with the value that the client does not record and the reason.
extension Experiment {
    @inline(never)
    func reject(_ kind: RecordKind, epoch: Int?, train: Double?, valid: Double?, test: Double?) {
        let row = [("train", train), ("valid", valid), ("test", test)].compactMap { channel, value in
            value.map { (key: channel, value: $0) }
        }
        row.withUnsafeBufferPointer { reject(kind, epoch: epoch, NamedRow($0)) }
    }

    @inline(never)
    func reject(_ kind: RecordKind, epoch: Int?, _ row: some ChannelRow) {
        let cells = (0..<row.count).map { index in
            (
                channel: row.withChannel(at: index) { String(decoding: $0, as: UTF8.self) },
                value: Number.text(of: row.value(at: index))
            )
        }
        let violation: String? =
            if cells.isEmpty {
                "it must have a value"
            } else if cells.count > CurvePiece.rowChannels {
                "it has \(cells.count) channels: at most \(CurvePiece.rowChannels) are allowed"
            } else if let index = (0..<row.count).first(where: { !row.withChannel(at: $0, Name.isChannel) }),
                Name.isChannel(cells[index].channel)
            {
                "the name of the channel '\(printable(cells[index].channel))' is not UTF-8"
            } else {
                nil
            }
        reject(kind == .maxima ? "maxima" : "row", epoch: epoch, cells, violation)
    }

    @inline(never)
    func reject(_ curves: [(key: String, value: [Double])], first: Int) {
        let cells = curves.map { curve in
            let values = curve.value.prefix(3).map { Number.text(of: $0) }.joined(separator: " ")
            return (channel: curve.key, value: curve.value.count > 3 ? values + " …" : values)
        }
        reject("curve", epoch: first, cells, curves.allSatisfy(\.value.isEmpty) ? "it must have a value" : nil)
    }

    /// Counts and reports what is not recorded.
    ///
    /// - Parameters:
    ///   - cells: The channels and their values as text.
    ///   - violation: The reason, if it is neither the end of the experiment, nor the epoch, nor the name of a channel.
    private func reject(
        _ subject: String, epoch: Int?, _ cells: [(channel: String, value: String)], _ violation: String?
    ) {
        guard battery.isValid else { return client.journal.countInvalid() }
        // The first channel that is wrong, else the first one.
        let invalid = cells.first { !Name.isChannel($0.channel) }
        let cell = (invalid ?? cells.first).map { "\(printable($0.channel)) = \($0.value) " } ?? ""
        let place = "\(subject) not recorded: \(cell)\(epoch.map { "at epoch \($0) " } ?? "")of the experiment \(id)"
        if hasEnded, subject != "maxima" {
            return client.refuseAfterEnd(.row, "\(place), which has ended. Log rows before finish, fail or stop")
        }
        let reason =
            violation ?? invalid.flatMap { cell in
                Name.channelViolation(cell.channel).map { "the channel '\(printable(cell.channel))' \($0)" }
            } ?? "the epochs must be integers from 0 to \(Limits.integer)"
        client.reject(place, because: reason)
    }
}
