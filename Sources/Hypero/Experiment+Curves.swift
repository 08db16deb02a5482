import HyperoSchema

// Learning curves and maxima.
extension Experiment {
    /// Records the values of one epoch of the learning curves.
    ///
    /// Epochs may arrive in any order, and the channels of one epoch in several calls. A later value of a channel
    /// replaces the earlier one.
    ///
    /// The call takes tens of nanoseconds: it copies the values into the journal, without a system call or an
    /// allocation. A call without any value records nothing and is counted in ``Counters/Dropped/invalid``.
    ///
    /// - Parameters:
    ///   - epoch: The epoch, from 0 to 9,007,199,254,740,991 (2^53 - 1).
    ///   - train: The value on the training data. Any double, including nan and the infinities.
    ///   - valid: The value on held-out data, which is the objective of a battery unless the battery names another
    ///     channel.
    ///   - test: The value on data that influences no choice.
    public func log(epoch: Int, train: Double? = nil, valid: Double? = nil, test: Double? = nil) {
        record(.epoch, epoch: epoch, train: train, valid: valid, test: test)
    }

    /// Records the values of one epoch in channels of any name.
    ///
    /// ```swift
    /// experiment.log(epoch: 3, ["loss": 0.31, "valid": 0.92])
    /// ```
    ///
    /// If a channel occurs twice, its last value counts.
    ///
    /// - Parameters:
    ///   - epoch: The epoch, from 0 to 9,007,199,254,740,991 (2^53 - 1).
    ///   - row: The channels and their values, 1 to 1,000. A channel has 1 to 256 bytes of UTF-8 without control
    ///     characters, and is not called `epoch` or `source`.
    public func log(epoch: Int, _ row: KeyValuePairs<String, Double>) {
        record(.epoch, epoch: epoch, row: row)
    }

    /// Records whole learning curves: the values of the epochs 1, 2, ….
    ///
    /// - Parameters:
    ///   - train: The values on the training data, one per epoch.
    ///   - valid: The values on held-out data, one per epoch.
    ///   - test: The values on data that influences no choice, one per epoch.
    public func updateLearningCurve(train: [Double] = [], valid: [Double] = [], test: [Double] = []) {
        updateLearningCurve(["train": train, "valid": valid, "test": test])
    }

    /// Records whole learning curves of channels of any name.
    ///
    /// ```swift
    /// experiment.updateLearningCurve(first: 0, ["loss": [0.9, 0.5, 0.4], "valid": [0.1, 0.3, 0.35]])
    /// ```
    ///
    /// - Parameters:
    ///   - first: The epoch of each curve's first value, 0 or above.
    ///   - curves: The channels and their values, one value per epoch. The curves may differ in length, and at least one
    ///     of them must have a value.
    public func updateLearningCurve(first: Int = 1, _ curves: KeyValuePairs<String, [Double]>) {
        guard isEpoch(first), curves.allSatisfy({ Name.isChannel($0.key) }) else { return reject() }
        let longest = curves.map(\.value.count).max() ?? 0
        guard longest > 0 else { return reject() }
        for channels in stride(from: 0, to: curves.count, by: CurvePiece.channels) {
            let curves = curves[channels..<min(channels + CurvePiece.channels, curves.count)]
            for start in stride(from: 0, to: longest, by: CurvePiece.epochs) {
                record(curves, from: start, first: first + start)
            }
        }
    }

    /// Records the maxima, the values at the best epoch, of a training that determines them itself.
    ///
    /// The recorded maxima replace all maxima of the learning curves, including those of channels that are not recorded
    /// here. Later rows of the curves no longer change the maxima.
    ///
    /// - Parameters:
    ///   - train: The value on the training data.
    ///   - valid: The value on held-out data.
    ///   - test: The value on data that influences no choice.
    ///   - epoch: The best epoch, 0 or above; nil if it is not known.
    public func updateMaxima(train: Double? = nil, valid: Double? = nil, test: Double? = nil, epoch: Int? = nil) {
        record(.maxima, epoch: epoch, train: train, valid: valid, test: test)
    }

    /// Records the maxima, the values at the best epoch, of channels of any name.
    ///
    /// ```swift
    /// experiment.updateMaxima(epoch: 41, ["valid": 0.97, "test": 0.96])
    /// ```
    ///
    /// - Parameters:
    ///   - epoch: The best epoch, 0 or above; nil if it is not known.
    ///   - row: The channels and their values, 1 to 1,000.
    public func updateMaxima(epoch: Int? = nil, _ row: KeyValuePairs<String, Double>) {
        record(.maxima, epoch: epoch, row: row)
    }

    @inline(__always)
    private func record(_ kind: RecordKind, epoch: Int?, train: Double?, valid: Double?, test: Double?) {
        var count = 0
        var payload = 0
        if train != nil { (count, payload) = (count + 1, payload + 5 + RecordHeader.channelHeader + 8) }
        if valid != nil { (count, payload) = (count + 1, payload + 5 + RecordHeader.channelHeader + 8) }
        if test != nil { (count, payload) = (count + 1, payload + 4 + RecordHeader.channelHeader + 8) }
        guard count > 0, isEpoch(epoch) else { return reject() }
        // No retain: it would be an atomic write to memory that all logging threads share. `self` keeps the client
        // alive, and the client keeps the journal alive.
        Unmanaged.passUnretained(client.journal)._withUnsafeGuaranteedRef { journal in
            guard battery.isDeclared(in: journal.generation) || client.declare(battery) else { return }
            journal.append(
                kind, battery: battery.bytes, subject: subject, epoch: epoch.map(Int64.init) ?? RecordHeader.noEpoch,
                count: count, payload: payload
            ) { writer in
                if let train { writer.put(channel: "train" as StaticString, train) }
                if let valid { writer.put(channel: "valid" as StaticString, valid) }
                if let test { writer.put(channel: "test" as StaticString, test) }
            }
        }
    }

    private func record(_ kind: RecordKind, epoch: Int?, row: KeyValuePairs<String, Double>) {
        guard !row.isEmpty, row.count <= CurvePiece.rowChannels, isEpoch(epoch) else { return reject() }
        var payload = 0
        let channels = row.span
        for index in channels.indices {
            let channel = channels[index].key
            guard Name.isChannel(channel) else { return reject() }
            payload += RecordHeader.channelHeader + channel.utf8.count + 8
        }
        guard battery.isDeclared(in: client.journal.generation) || client.declare(battery) else { return }
        client.journal.append(
            kind, battery: battery.bytes, subject: subject, epoch: epoch.map(Int64.init) ?? RecordHeader.noEpoch,
            count: row.count, payload: payload
        ) { writer in
            for index in channels.indices {
                let (channel, value) = channels[index]
                withUnsafePointer(to: value) { writer.put(channel: channel, UnsafeBufferPointer(start: $0, count: 1)) }
            }
        }
    }

    /// Records a piece of each curve in one event, at most ``CurvePiece/epochs`` values per curve.
    ///
    /// - Parameters:
    ///   - start: The index of the piece's first value in each curve.
    ///   - first: The epoch of the value at `start`.
    private func record(_ curves: Slice<KeyValuePairs<String, [Double]>>, from start: Int, first: Int) {
        let pieces = curves.compactMap { channel, values -> (String, ArraySlice<Double>)? in
            let piece = values.dropFirst(start).prefix(CurvePiece.epochs)
            return piece.isEmpty ? nil : (channel, piece)
        }
        // A short curve has no values in the later pieces of a long curve.
        guard let longest = pieces.map(\.1.count).max() else { return }
        let payload = pieces.reduce(0) { $0 + RecordHeader.channelHeader + $1.0.utf8.count + $1.1.count * 8 }
        guard isEpoch(first + longest) else { return reject() }
        guard battery.isDeclared(in: client.journal.generation) || client.declare(battery) else { return }
        client.journal.append(
            .curve, battery: battery.bytes, subject: subject, epoch: Int64(first), count: pieces.count,
            payload: payload
        ) { writer in
            for (channel, piece) in pieces {
                piece.withUnsafeBufferPointer { writer.put(channel: channel, $0) }
            }
        }
    }

    /// Counts a row or a curve outside the limits of the contract, and reports the limits.
    @inline(never)
    private func reject() {
        guard battery.isValid else { return client.journal.countInvalid() }
        client.reject(
            "a row or curve of \(id) must have at least one channel and epochs from 0 to \(Limits.integer). A channel "
                + "must have 1 to \(Limits.name) bytes without control characters, and must not be 'epoch' or 'source'")
    }

    private func isEpoch(_ epoch: Int?) -> Bool {
        guard let epoch else { return true }
        return epoch >= 0 && epoch <= Limits.integer
    }
}

/// The limits of one event, which keep its entry below the contract's limits of 1 MiB and 1,024 fields. A rendered
/// double has at most 24 characters, plus a space.
private enum CurvePiece {
    /// Values per curve.
    static let epochs = 2_048
    /// Curves per event.
    static let channels = 16
    /// Channels per row.
    static let rowChannels = 1_000
}
