import HyperoSchema

/// The status of one experiment while a batch is folded, and the process that runs it.
///
/// The latest `start` or `end` event by time decides the status, whatever the order of arrival: the journal of a killed
/// process may be sent days after another process has resumed and finished its experiment.
struct Lifecycle {
    private(set) var status: ExperimentStatus
    /// The time of the event that set the status.
    private(set) var since: Int64
    private(set) var attempt: Int
    private(set) var hasProcess: Bool
    /// The producer of the latest `start` event; nil if it is the one in the experiment's id, or unknown.
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
    /// - Parameter id: the experiment.
    /// - Returns: true if it withdraws rows. An earlier one than the latest, for example of a parent process whose child has
    ///   finished the experiment, neither reopens the experiment nor withdraws rows. Nor does the latest one withdraw rows
    ///   when it arrives again: a client that finds an empty server sends it again, and a forked child repeats its parent's.
    mutating func start(
        _ start: Event.Start, of id: ExperimentID, at time: Int64, by producer: ProducerID?,
        fields: inout FieldChanges
    ) -> Bool {
        let isLatest = time >= since
        // Not if a forked child repeats the start of its parent.
        let isNew = time > since || isLatest && status != .running
        let isRepeated = start.from.map { resumptions.contains(from: $0, at: time) } ?? false
        if isLatest {
            (status, since) = (.running, time)
            fields.set(ExperimentField.status, to: status.rawValue)
            fields.set(ExperimentField.since, to: String(time))
            fields.set(ExperimentField.reason, to: nil)
            let other = producer == id.producer ? nil : producer
            if isNew, other != self.producer {
                self.producer = other
                fields.set(ExperimentField.producer, to: other?.text)
            }
            if let from = start.from, !isRepeated {
                resumptions.add(Resumptions.Resumption(from: from, time: time, producer: producer))
                fields.set(ExperimentField.resumed, to: resumptions.text)
            }
        }
        if let attempt = start.attempt, attempt > self.attempt {
            self.attempt = attempt
            fields.set(ExperimentField.attempt, to: String(attempt))
        }
        let withdraws = isLatest && !isRepeated
        guard isLatest || !hasProcess else { return withdraws }
        if let host = start.host { fields.set(ExperimentField.host, to: host) }
        if let pid = start.pid { fields.set(ExperimentField.pid, to: pid) }
        if let seed = start.seed { fields.set(ExperimentField.seed, to: seed) }
        hasProcess = hasProcess || start.host != nil || start.seed != nil
        return withdraws
    }

    /// Records an `end` event, unless a later event has set the status. `lost` only replaces `running`.
    mutating func end(_ status: ExperimentStatus, reason: String?, at time: Int64, fields: inout FieldChanges) {
        guard time >= since, status != .lost || self.status == .running else { return }
        (self.status, since) = (status, time)
        fields.set(ExperimentField.status, to: status.rawValue)
        fields.set(ExperimentField.since, to: String(time))
        fields.set(ExperimentField.reason, to: reason)
    }
}
