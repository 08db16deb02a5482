import HyperoSchema

// How well it goes.
extension Experiment {
    /// Records one row of the learning curves, or a piece of one: rows may come in pieces and in any order, and a later
    /// value of a channel replaces the earlier.
    ///
    /// Takes tens of nanoseconds: the row is copied into the journal, without a system call or an allocation.
    ///
    /// - Parameters:
    ///   - epoch: 0 or above.
    ///   - train: on the data trained on; any double, nan and the infinities too.
    ///   - valid: on held out data; the objective of a battery unless it names another.
    ///   - test: on data that no choice was made by.
    public func log(epoch: Int, train: Double? = nil, valid: Double? = nil, test: Double? = nil) {
        record(.epoch, epoch: epoch, train, valid, test)
    }

    /// Records one row of channels of any name.
    ///
    ///     experiment.log(epoch: 3, ["loss": 0.31, "valid": 0.92])
    public func log(epoch: Int, _ row: KeyValuePairs<String, Double>) {
        record(.epoch, epoch: epoch, row)
    }

    /// Records whole curves at once: the values for the epochs 1, 2, ….
    public func updateLearningCurve(train: [Double] = [], valid: [Double] = [], test: [Double] = []) {
        updateLearningCurve(["train": train, "valid": valid, "test": test])
    }

    /// Records whole curves of channels of any name: the values for the epochs `first`, `first` + 1, ….
    public func updateLearningCurve(first: Int = 1, _ curves: KeyValuePairs<String, [Double]>) {
        guard isEpoch(first), curves.allSatisfy({ Name.isChannel($0.key) }) else { return refuse() }
        let longest = curves.map(\.value.count).max() ?? 0
        guard longest > 0 else { return refuse() }
        for channels in stride(from: 0, to: curves.count, by: CurvePiece.channels) {
            let curves = curves[channels..<min(channels + CurvePiece.channels, curves.count)]
            for start in stride(from: 0, to: longest, by: CurvePiece.epochs) {
                record(curves, from: start, first: first + start)
            }
        }
    }

    /// Records the values at the best point, where the training knows it better than the curves. From then on they win
    /// over what the curves say.
    public func updateMaxima(train: Double? = nil, valid: Double? = nil, test: Double? = nil, epoch: Int? = nil) {
        record(.maxima, epoch: epoch, train, valid, test)
    }

    /// Records the values of channels of any name at the best point.
    public func updateMaxima(epoch: Int? = nil, _ row: KeyValuePairs<String, Double>) {
        record(.maxima, epoch: epoch, row)
    }

    @inline(__always)
    private func record(_ kind: RecordKind, epoch: Int?, _ train: Double?, _ valid: Double?, _ test: Double?) {
        var count = 0
        var payload = 0
        if train != nil { (count, payload) = (count + 1, payload + 5 + RecordHeader.channelHeader + 8) }
        if valid != nil { (count, payload) = (count + 1, payload + 5 + RecordHeader.channelHeader + 8) }
        if test != nil { (count, payload) = (count + 1, payload + 4 + RecordHeader.channelHeader + 8) }
        guard count > 0, isEpoch(epoch), battery.isValid else { return refuse() }
        // The client keeps the journal, and `self` the client: a retain here is an atomic write that threads fight over.
        Unmanaged.passUnretained(client.journal)._withUnsafeGuaranteedRef { journal in
            journal.append(
                kind, battery: battery.bytes, subject, epoch: epoch.map(Int64.init) ?? RecordHeader.noEpoch,
                count: count, payload: payload
            ) { writer in
                if let train { writer.put(channel: "train" as StaticString, train) }
                if let valid { writer.put(channel: "valid" as StaticString, valid) }
                if let test { writer.put(channel: "test" as StaticString, test) }
            }
        }
    }

    private func record(_ kind: RecordKind, epoch: Int?, _ row: KeyValuePairs<String, Double>) {
        guard !row.isEmpty, row.count <= CurvePiece.rowChannels, isEpoch(epoch), battery.isValid else {
            return refuse()
        }
        var payload = 0
        let channels = row.span
        for index in channels.indices {
            let channel = channels[index].key
            guard Name.isChannel(channel) else { return refuse() }
            payload += RecordHeader.channelHeader + channel.utf8.count + 8
        }
        client.journal.append(
            kind, battery: battery.bytes, subject, epoch: epoch.map(Int64.init) ?? RecordHeader.noEpoch,
            count: row.count, payload: payload
        ) { writer in
            for index in channels.indices {
                let (channel, value) = channels[index]
                withUnsafePointer(to: value) { writer.put(channel: channel, UnsafeBufferPointer(start: $0, count: 1)) }
            }
        }
    }

    private func record(_ curves: Slice<KeyValuePairs<String, [Double]>>, from start: Int, first: Int) {
        let pieces = curves.compactMap { channel, values -> (String, ArraySlice<Double>)? in
            let piece = values.dropFirst(start).prefix(CurvePiece.epochs)
            return piece.isEmpty ? nil : (channel, piece)
        }
        // A long curve among others has pieces of its own.
        guard let longest = pieces.map(\.1.count).max() else { return }
        let payload = pieces.reduce(0) { $0 + RecordHeader.channelHeader + $1.0.utf8.count + $1.1.count * 8 }
        guard isEpoch(first + longest), battery.isValid else { return refuse() }
        client.journal.append(
            .curve, battery: battery.bytes, subject, epoch: Int64(first), count: pieces.count,
            payload: payload
        ) { writer in
            for (channel, piece) in pieces {
                piece.withUnsafeBufferPointer { writer.put(channel: channel, $0) }
            }
        }
    }

    /// Counts numbers that the contract does not allow, and says what it allows.
    @inline(never)
    private func refuse() {
        guard battery.isValid else { return client.journal.refuse() }
        client.refuse(
            "what \(id) logged has no channel, an epoch below 0 or beyond \(Limits.integer), or a channel whose name is "
                + "empty, longer than \(Limits.name) bytes, 'epoch', 'source', or holds a control character")
    }

    private func isEpoch(_ epoch: Int?) -> Bool {
        guard let epoch else { return true }
        return epoch >= 0 && epoch <= Limits.integer
    }
}

/// How much goes into one event, so that its entry keeps the limits: a double takes at most 24 characters and a space.
private enum CurvePiece {
    static let epochs = 2_048
    static let channels = 16
    static let rowChannels = 1_000
}
