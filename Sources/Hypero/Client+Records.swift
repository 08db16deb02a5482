import HyperoCore
import HyperoSchema
import Synchronization

// The records of events other than rows and curves, and the refusal of log calls.
extension Client {
    /// Returns a battery's handle. A declaration that breaks the contract is reported, and its handle records nothing.
    func makeHandle(_ declaration: Event.Declaration) -> BatteryHandle {
        let handle = BatteryHandle(declaration)
        let name = printable(declaration.name)
        if let violation = Event.Body.battery(handle.declaration).violation {
            report("battery not recorded: '\(name)'", because: violation)
        } else if !handle.declaration.description.hasSameBytes(as: declaration.description) {
            report(
                "description of a battery cut: '\(name)'",
                because: "it has \(declaration.description.utf8.count) bytes: at most \(Limits.value) are allowed")
        }
        return handle
    }

    /// Records the declaration of a battery.
    ///
    /// The declaration precedes all other events of the battery in the sequence of this producer, because the ingest
    /// applies no event of an undeclared battery. In a forked child, the first event of an inherited battery therefore
    /// declares the battery again: the child's events may arrive before its parent's. An inherited experiment needs no
    /// other event first, since the ingest creates an experiment from any of its events. Only a resumed one does: the child
    /// repeats its parent's start, which would withdraw the child's rows if it arrived after them.
    ///
    /// - Parameter experiment: The experiment whose event needs the declaration.
    /// - Returns: false if the declaration, and with it the event that needs it, is dropped. It is then counted.
    @inline(never)
    func declare(_ battery: BatteryHandle, for experiment: Experiment) -> Bool {
        guard battery.isValid else {
            journal.countInvalid()
            return false
        }
        let generation = journal.generation
        let isRecorded = append(
            .battery(battery.declaration), battery: battery.bytes,
            subject: Journal.Subject(experiment: 0, generation: generation))
        guard isRecorded else {
            reportClosed(experiment)
            return false
        }
        if let start = experiment.resumption, generation != experiment.subject.generation {
            guard
                append(
                    .start(start.event), battery: experiment.batteryBytes, subject: experiment.subject, time: start.time
                )
            else {
                reportClosed(experiment)
                return false
            }
        }
        battery.setDeclared(in: generation)
        return true
    }

    /// Returns the time of a start or an end: now, or the latest one if the wall clock was set back meanwhile.
    ///
    /// The latest time decides the status of an experiment. An end before its start would be ignored.
    func timeOfChange() -> Int64 {
        latestChange.max(WallClock.milliseconds, ordering: .relaxed).newValue
    }

    /// Records an event of an experiment.
    ///
    /// - Parameter time: The Unix milliseconds of the event; nil for now.
    /// - Returns: false if the event is dropped. It is then counted.
    func record(_ body: Event.Body, of experiment: Experiment, time: Int64? = nil) -> Bool {
        let battery = experiment.battery
        guard battery.isValid else {
            journal.countInvalid()
            return false
        }
        if let violation = body.violation {
            reject("\(Self.summary(of: body)) of the experiment \(experiment.id)", because: violation)
            return false
        }
        guard battery.isDeclared(in: journal.generation) || declare(battery, for: experiment) else { return false }
        guard append(body, battery: experiment.batteryBytes, subject: experiment.subject, time: time) else {
            reportClosed(experiment)
            return false
        }
        return true
    }

    /// Records an event of a battery or a search.
    ///
    /// - Parameter number: The number of a claim in the process; 0 for other events.
    /// - Returns: false if the event is dropped. It is then counted.
    func record(_ body: Event.Body, of battery: BatteryHandle, number: UInt32 = 0) -> Bool {
        append(
            body, battery: battery.bytes,
            subject: Journal.Subject(experiment: number, generation: journal.generation))
    }

    private func append(
        _ body: Event.Body, battery: UnsafeRawBufferPointer, subject: Journal.Subject, time: Int64? = nil
    ) -> Bool {
        var fields: [(name: String, value: String)] = []
        body.forEachField { fields.append(($0, $1)) }
        let payload = fields.reduce(0) { $0 + RecordHeader.fieldHeader + $1.name.utf8.count + $1.value.utf8.count }
        return journal.append(
            RecordKind(body.kind), battery: battery, subject: subject, count: fields.count, payload: payload,
            time: time
        ) { writer in
            for field in fields { writer.put(field: field.name, field.value) }
        }
    }

    private static func summary(of body: Event.Body) -> String {
        switch body {
        case .param(let entries, _): "hyper-parameter not recorded: \(summary(of: entries))"
        case .meta(let entries): "metadata not recorded: \(summary(of: entries))"
        default: "event not recorded: \(body.kind.rawValue)"
        }
    }

    private static func summary(of entries: [Event.Entry]) -> String {
        entries.map { "\(printable($0.name)) = \(printable($0.value))" }.joined(separator: ", ")
    }
}

// The reports of refused log calls.
extension Client {
    /// The events that an experiment accepts no more after its end.
    enum AfterEnd: UInt8 {
        case row = 1
        case secondEnd = 2
    }

    /// Counts an event outside the limits of the contract, and reports it.
    ///
    /// - Parameters:
    ///   - subject: What is not recorded, with its value.
    ///   - reason: The limit.
    func reject(_ subject: String, because reason: String) {
        report(subject, because: reason)
        journal.countInvalid()
    }

    /// Reports a value outside the limits of the contract, if it is one of the first or has another reason than they have.
    func report(_ subject: String, because reason: String) {
        if refusals.showsNext(because: reason) { notify("\(subject), \(reason)") }
    }

    /// Reports that an experiment cannot be resumed.
    func reportNotResumed(_ obstacle: String) {
        if refusals.showsNext(because: obstacle) { notify("experiment not resumed: \(obstacle)") }
    }

    /// Reports that the account may not read what is applied.
    func reportUnconfirmable() {
        guard !refusals.hasReportedUnconfirmable.exchange(true, ordering: .relaxed) else { return }
        notify(
            "cannot tell whether events are applied: they are sent, but the account may not read the keys :producer:* of the "
                + "deployment. \(AccountRole.training.advice), or flush until the events are sent")
    }

    /// Reports that sent events were not applied before the end of a wait.
    func reportNotApplied() {
        guard !refusals.hasReportedNotApplied.exchange(true, ordering: .relaxed) else { return }
        notify(
            "events not applied in time: Redis has them, and no ingest has applied them yet. Whether hypero-ingest runs shows "
                + "`hypero-query status`")
    }

    /// Counts an event of an experiment that has ended, and reports the first of its kind.
    func refuseAfterEnd(_ kind: AfterEnd, _ message: @autoclosure () -> String) {
        journal.countEnded()
        let before = refusals.afterEnd.bitwiseOr(kind.rawValue, ordering: .relaxed).oldValue
        if before & kind.rawValue == 0 { notify(message()) }
    }

    /// Reports the first log call after ``close(timeout:)``. Called after a log call whose event was dropped.
    @inline(never)
    func reportClosed(_ experiment: Experiment) {
        guard journal.isClosed, !refusals.hasReportedClosed.exchange(true, ordering: .relaxed) else { return }
        notify(
            "event not recorded: of the experiment \(experiment.id), the client is closed. Call close after the last log call"
        )
    }
}
