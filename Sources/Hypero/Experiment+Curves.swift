import HyperoSchema
import Synchronization

// Learning curves and maxima.
extension Experiment {
    /// Records the values of one epoch of the learning curves.
    ///
    /// Epochs may arrive in any order, and the channels of one epoch in several calls. A later value of a channel
    /// replaces the earlier one.
    ///
    /// The call takes tens of nanoseconds: it copies the values into the journal, without a system call or an
    /// allocation. The first row of a channel also records the channel's name under a short lock, because an experiment that
    /// ends without its objective is reported with the channels that it has logged. A call without any value records
    /// nothing and is counted in ``Counters/Dropped/invalid``.
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
        row.span.withUnsafeBufferPointer { _ = record(.epoch, epoch: epoch, row: NamedRow($0)) }
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
        record(Array(curves), first: first)
    }

    /// Records the maxima, the values at the best epoch, of a training that determines them itself.
    ///
    /// A recorded value wins over the value of the learning curves. The other channels keep the values of the curves at the
    /// recorded epoch, or else at the best one.
    ///
    /// - Parameters:
    ///   - train: The value on the training data.
    ///   - valid: The value on held-out data.
    ///   - test: The value on data that influences no choice.
    ///   - epoch: The best epoch, 0 or above; nil if it is not known. An invalid epoch is reported, and left out.
    public func updateMaxima(train: Double? = nil, valid: Double? = nil, test: Double? = nil, epoch: Int? = nil) {
        record(.maxima, epoch: validated(epoch), train: train, valid: valid, test: test)
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
        row.span.withUnsafeBufferPointer { _ = record(.maxima, epoch: validated(epoch), row: NamedRow($0)) }
    }

    /// Records maxima whose channels are known at run time only.
    func recordMaxima(epoch: Int?, row: [NamedNumber]) {
        row.withUnsafeBufferPointer { _ = record(.maxima, epoch: validated(epoch), row: NamedRow($0)) }
    }

    /// Records a row whose channels are known at run time only.
    func record(epoch: Int, row: [NamedNumber]) {
        row.withUnsafeBufferPointer { _ = record(.epoch, epoch: epoch, row: NamedRow($0)) }
    }

    /// A channel and its value, as in `KeyValuePairs`.
    typealias NamedNumber = (key: String, value: Double)

    @inline(__always)
    private func record(_ kind: RecordKind, epoch: Int?, train: Double?, valid: Double?, test: Double?) {
        var (count, payload, logged) = (0, 0, 0 as UInt64)
        if train != nil {
            (count, payload) = (count + 1, payload + 5 + RecordHeader.channelHeader + 8)
            logged |= ExperimentMarks.train
        }
        if valid != nil {
            (count, payload) = (count + 1, payload + 5 + RecordHeader.channelHeader + 8)
            logged |= ExperimentMarks.valid
        }
        if test != nil {
            (count, payload) = (count + 1, payload + 4 + RecordHeader.channelHeader + 8)
            logged |= ExperimentMarks.test
        }
        let marks = marks.load(ordering: .relaxed)
        guard count > 0, isEpoch(epoch), kind == .maxima || marks & ExperimentMarks.ended == 0 else {
            return reject(kind, epoch: epoch, train: train, valid: valid, test: test)
        }
        if logged & ~marks != 0 { remember(logged & ~marks) }
        // No retain: it would be an atomic write to memory that all logging threads share. `self` keeps the client
        // alive, and the client keeps the journal alive.
        Unmanaged.passUnretained(client.journal)._withUnsafeGuaranteedRef { journal in
            guard battery.isDeclared(in: journal.generation) || client.declare(battery, for: self) else { return }
            let isRecorded = journal.append(
                kind, battery: batteryBytes, subject: subject, epoch: epoch.map(Int64.init) ?? RecordHeader.noEpoch,
                count: count, payload: payload
            ) { writer in
                if let train { writer.put(channel: "train" as StaticString, train) }
                if let valid { writer.put(channel: "valid" as StaticString, valid) }
                if let test { writer.put(channel: "test" as StaticString, test) }
            }
            if !isRecorded { client.reportClosed(self) }
        }
    }

    /// Records one row of channels of any name.
    ///
    /// - Returns: false if the row is dropped. It is then counted.
    private func record(_ kind: RecordKind, epoch: Int?, row: some ChannelRow) -> Bool {
        guard row.count > 0, row.count <= CurvePiece.rowChannels, isEpoch(epoch), kind == .maxima || !hasEnded else {
            reject(kind, epoch: epoch, row)
            return false
        }
        var payload = 0
        for index in 0..<row.count {
            let length = row.withChannel(at: index) { Name.isChannel($0) ? $0.count : 0 }
            guard length > 0 else {
                reject(kind, epoch: epoch, row)
                return false
            }
            payload += RecordHeader.channelHeader + length + 8
        }
        // Once the objective is logged, no channel needs to be remembered.
        if marks.load(ordering: .relaxed) & battery.objectiveMark == 0 {
            for index in 0..<row.count { row.withChannel(at: index) { remember($0) } }
        }
        guard battery.isDeclared(in: client.journal.generation) || client.declare(battery, for: self) else {
            return false
        }
        let isRecorded = client.journal.append(
            kind, battery: batteryBytes, subject: subject, epoch: epoch.map(Int64.init) ?? RecordHeader.noEpoch,
            count: row.count, payload: payload
        ) { writer in
            for index in 0..<row.count {
                row.withChannel(at: index) { channel in
                    withUnsafePointer(to: row.value(at: index)) {
                        writer.put(channel: channel, UnsafeBufferPointer(start: $0, count: 1))
                    }
                }
            }
        }
        if !isRecorded { client.reportClosed(self) }
        return isRecorded
    }

    /// Records a row whose channels are C strings. No text is created, and nothing is allocated.
    ///
    /// - Returns: false if the row is dropped. It is then counted.
    package func record(epoch: Int, row: CStringRow) -> Bool { record(.epoch, epoch: epoch, row: row) }

    /// Records maxima whose channels are C strings.
    ///
    /// - Returns: false if the maxima are dropped. They are then counted.
    package func recordMaxima(epoch: Int?, row: CStringRow) -> Bool {
        record(.maxima, epoch: validated(epoch), row: row)
    }

    /// Records whole curves.
    ///
    /// - Returns: false if a piece of a curve is dropped. It is then counted.
    @discardableResult
    package func record(_ curves: [(key: String, value: [Double])], first: Int) -> Bool {
        let longest = curves.map(\.value.count).max() ?? 0
        guard !hasEnded, longest > 0, isEpoch(first), first <= Int(Limits.integer) - longest,
            curves.allSatisfy({ Name.isChannel($0.key) })
        else {
            reject(curves, first: first)
            return false
        }
        if marks.load(ordering: .relaxed) & battery.objectiveMark == 0 {
            for (channel, values) in curves where !values.isEmpty {
                Array(channel.utf8).withUnsafeBufferPointer(remember)
            }
        }
        var isRecorded = true
        for channels in stride(from: 0, to: curves.count, by: CurvePiece.channels) {
            let curves = curves[channels..<min(channels + CurvePiece.channels, curves.count)]
            for start in stride(from: 0, to: longest, by: CurvePiece.epochs) {
                isRecorded = record(curves, from: start, first: first + start) && isRecorded
            }
        }
        return isRecorded
    }

    /// Records a piece of each curve in one event, at most ``CurvePiece/epochs`` values per curve.
    ///
    /// - Parameters:
    ///   - start: The index of the piece's first value in each curve.
    ///   - first: The epoch of the value at `start`.
    /// - Returns: false if the piece is dropped.
    private func record(_ curves: ArraySlice<(key: String, value: [Double])>, from start: Int, first: Int) -> Bool {
        let pieces = curves.compactMap { channel, values -> (String, ArraySlice<Double>)? in
            let piece = values.dropFirst(start).prefix(CurvePiece.epochs)
            return piece.isEmpty ? nil : (channel, piece)
        }
        // A short curve has no values in the later pieces of a long curve.
        guard !pieces.isEmpty else { return true }
        let payload = pieces.reduce(0) { $0 + RecordHeader.channelHeader + $1.0.utf8.count + $1.1.count * 8 }
        guard battery.isDeclared(in: client.journal.generation) || client.declare(battery, for: self) else {
            return false
        }
        let isRecorded = client.journal.append(
            .curve, battery: batteryBytes, subject: subject, epoch: Int64(first), count: pieces.count,
            payload: payload
        ) { writer in
            for (channel, piece) in pieces {
                piece.withUnsafeBufferPointer { writer.put(channel: channel, $0) }
            }
        }
        if !isRecorded { client.reportClosed(self) }
        return isRecorded
    }

    private func isEpoch(_ epoch: Int?) -> Bool {
        guard let epoch else { return true }
        return epoch >= 0 && epoch <= Limits.integer
    }

    /// Returns the epoch of maxima, or nil for an invalid one, which must not keep the values from being recorded.
    private func validated(_ epoch: Int?) -> Int? {
        guard !isEpoch(epoch) else { return epoch }
        client.report(
            "epoch of maxima left out: \(epoch ?? 0) of the experiment \(id)",
            because: "must be an integer from 0 to \(Limits.integer)")
        return nil
    }

    /// Remembers the channels train, valid and test.
    @inline(never)
    private func remember(_ new: UInt64) {
        if new & ExperimentMarks.train != 0 { remember(channel: "train", mark: ExperimentMarks.train) }
        if new & ExperimentMarks.valid != 0 { remember(channel: "valid", mark: ExperimentMarks.valid) }
        if new & ExperimentMarks.test != 0 { remember(channel: "test", mark: ExperimentMarks.test) }
    }

    private func remember(_ channel: UnsafeBufferPointer<UInt8>) {
        let mark = ExperimentMarks.mark(of: channel, objectiveHash: battery.objectiveHash)
        if marks.load(ordering: .relaxed) & mark == 0 {
            remember(channel: String(decoding: channel, as: UTF8.self), mark: mark)
        }
    }
}

/// The limits of one event, which keep its entry below the contract's limits of 1 MiB and 1,024 fields. A rendered
/// double has at most 24 characters, plus a space.
enum CurvePiece {
    /// Values per curve.
    static let epochs = 2_048
    /// Curves per event.
    static let channels = 16
    /// Channels per row.
    static let rowChannels = 1_000
}
