import HyperoSchema

/// The status of one experiment while a batch is folded, and the process that runs it.
///
/// The latest `start` or `end` event by time decides the status, whatever the order of arrival: the journal of a killed
/// process may be sent days after another process has resumed and finished its experiment. Where processes are known, the clocks
/// of their hosts do not matter: a higher attempt follows a lower one, a process ends what it runs, and one whose experiment
/// another one has resumed ends nothing.
struct Lifecycle {
    private(set) var status: ExperimentStatus
    /// The time of the event that set the status.
    private(set) var since: Int64
    private(set) var attempt: Int
    private(set) var hasProcess: Bool
    /// The producer of the event that set the status; nil if it is the one in the experiment's id, or unknown.
    private(set) var producer: ProducerID?
    private(set) var resumptions: Resumptions

    init(_ prior: ExperimentState) {
        status = prior.status
        since = prior.since
        attempt = prior.attempt
        hasProcess = prior.hasProcess
        producer = prior.producer
        resumptions = prior.resumptions
    }

    /// Records a `start` event.
    ///
    /// - Parameters:
    ///   - id: the experiment.
    ///   - isLatest: true or false if the search of a trial decides whether the start is later than the event that set the
    ///     status; nil if the attempts and the clocks decide.
    /// - Returns: true if it withdraws the rows that were applied before. An earlier one than the latest, for example of a
    ///   parent process whose child has finished the experiment, does not reopen the experiment, and withdraws only rows
    ///   that arrive later: those applied before may be of a later process. The latest one withdraws no rows when it arrives
    ///   again: a client that finds an empty server sends it again, and a forked child repeats its parent's.
    mutating func start(
        _ start: Event.Start, of id: ExperimentID, at time: Int64, by producer: ProducerID?, isLatest known: Bool?,
        fields: inout FieldChanges
    ) -> Bool {
        let isLatest = known ?? follows(start, at: time, by: producer, of: id)
        // Not if a forked child repeats the start of its parent.
        let isNew = time != since || status != .running
        let isRepeated = start.from.map { resumptions.contains(from: $0, at: time) } ?? false
        if isLatest {
            setStatus(.running, at: max(time, since), by: producer, of: id, changesProducer: isNew, fields: &fields)
            fields.set(ExperimentField.reason, to: nil)
        }
        if let from = start.from, !isRepeated {
            resumptions.add(
                Resumptions.Resumption(from: from, time: time, producer: producer, attempt: start.attempt),
                isLatest: isLatest, runner: self.producer ?? id.producer)
            fields.set(ExperimentField.resumed, to: resumptions.text)
        }
        raise(start.attempt, fields: &fields)
        let withdraws = isLatest && !isRepeated
        guard isLatest || !hasProcess else { return withdraws }
        if let host = start.host { fields.set(ExperimentField.host, to: host) }
        if let pid = start.pid { fields.set(ExperimentField.pid, to: pid) }
        if let seed = start.seed { fields.set(ExperimentField.seed, to: seed) }
        if let asof = start.asof { fields.set(ExperimentField.asof, to: asof.description) }
        hasProcess = hasProcess || start.host != nil || start.seed != nil
        return withdraws
    }

    /// Returns whether a start is later than the event that set the status.
    private func follows(_ start: Event.Start, at time: Int64, by producer: ProducerID?, of id: ExperimentID) -> Bool {
        // An experiment that has no attempt is in its first one.
        let number = start.attempt ?? 1
        if number < attempt, start.attempt != nil || resumptions.hasRun(producer, in: id) { return false }
        let last = self.producer ?? id.producer
        // The start before an end may arrive again after it, with the same time.
        if time > since || time == since && (status == .running || producer ?? last != last) { return true }
        // Not if a forked child may have ended the experiment after this start.
        return number > max(attempt, 1) && (last == nil || resumptions.hasRun(last, in: id))
    }

    /// Records an `end` event, unless a later event has set the status. `lost` only replaces `running`.
    ///
    /// - Parameter isAccepted: true if the search of a trial has found that the process may end it.
    mutating func end(
        _ status: ExperimentStatus, of id: ExperimentID, attempt: Int?, reason: String?, at time: Int64,
        by producer: ProducerID?, isAccepted: Bool, fields: inout FieldChanges
    ) {
        let endsOwn = self.status == .running && producer != nil && producer == self.producer ?? id.producer
        guard
            isAccepted
                || (time >= since || endsOwn) && (status != .lost || self.status == .running)
                    && !resumptions.isSucceeded(producer, of: id)
        else { return }
        raise(attempt, fields: &fields)
        setStatus(status, at: max(time, since), by: producer, of: id, changesProducer: true, fields: &fields)
        fields.set(ExperimentField.reason, to: reason)
    }

    private mutating func raise(_ attempt: Int?, fields: inout FieldChanges) {
        guard let attempt, attempt > self.attempt else { return }
        self.attempt = attempt
        fields.set(ExperimentField.attempt, to: String(attempt))
    }

    private mutating func setStatus(
        _ status: ExperimentStatus, at time: Int64, by producer: ProducerID?, of id: ExperimentID,
        changesProducer: Bool, fields: inout FieldChanges
    ) {
        (self.status, since) = (status, time)
        fields.set(ExperimentField.status, to: status.rawValue)
        fields.set(ExperimentField.since, to: String(time))
        let other = producer == id.producer ? nil : producer
        guard changesProducer, other != self.producer else { return }
        self.producer = other
        fields.set(ExperimentField.producer, to: other?.text)
    }
}
