import ChaosLog
import HyperoSchema

/// The events that a producer must have sent: those of its calls, of the calls that a kill has interrupted, and of the adopter
/// of its journal.
///
/// The outcome of an interrupted call is not in the side files. Its trace is in the indexes, unless a later attempt or a deletion
/// has removed it: then the watermark of the producer shows whether the call has consumed a sequence number.
struct ProducerReplay {
    let producer: ProducerID
    let log: ProducerLog
    /// The producer's highest sequence number in the indexes.
    private let watermark: Int
    private let experiments: [ExperimentID: JudgedExperiment]
    private(set) var events: [Event] = []
    /// The calls of each attempt that have an effect, in order.
    private(set) var attempts: [(id: ExperimentID, battery: Int, attempt: ExpectedValues.Attempt)] = []
    /// The number of calls whose outcome is not in the side files.
    private(set) var indeterminate = 0
    /// The number of these calls that have an effect.
    private(set) var recovered = 0
    /// The experiments that a deletion has removed, and whose ids are not in the side files.
    private(set) var unrecorded: Set<ExperimentID> = []
    /// The experiments that the process has left open.
    private var open: [History] = []
    /// The calls without a trace.
    private var traceless: [(history: History, body: Event.Body)] = []

    init(
        of producer: ProducerID, _ log: ProducerLog, watermark: Int, experiments: [ExperimentID: JudgedExperiment]
    ) {
        (self.producer, self.log, self.watermark, self.experiments) = (producer, log, watermark, experiments)
    }

    /// Adds the confirmed calls, and the interrupted ones with a trace.
    mutating func addCalls() {
        for history in log.histories {
            var calls: [Event.Body] = []
            for call in history.calls {
                if !call.isConfirmed {
                    indeterminate += 1
                    guard hasTrace(of: call.body, in: history) else {
                        if isHidden(call.body, in: history) { traceless.append((history, call.body)) }
                        continue
                    }
                    recovered += 1
                }
                calls.append(call.body)
                append(call.body, of: history)
            }
            attempts.append(
                (
                    history.id, history.batteryIndex,
                    ExpectedValues.Attempt(
                        number: history.attempt, from: calls.contains(where: \.isStart) ? history.from : nil,
                        calls: calls)
                ))
            let isBegun = !history.isInherited && calls.contains(where: \.isStart)
            if isBegun, !calls.contains(where: \.isEnd) { open.append(history) }
        }
    }

    private func hasTrace(of body: Event.Body, in history: History) -> Bool {
        guard let experiment = experiments[history.id], experiment.shows(body, of: history.attempt) else {
            return false
        }
        // The declaration precedes the start, and has no trace of its own in a battery that others have declared too.
        if case .battery = body, history.attempt > 1 {
            return history.calls.contains { $0.body.isStart && experiment.judge.hasTrace(of: $0.body) }
        }
        return experiment.judge.hasTrace(of: body)
    }

    /// Returns whether the indexes may lack the trace of a call that has an effect.
    private func isHidden(_ body: Event.Body, in history: History) -> Bool {
        // The declaration of a resume, which may be logged without the start.
        if case .battery = body { return history.attempt > 1 }
        return experiments[history.id]?.shows(body, of: history.attempt) == false
    }

    /// The number of sequence numbers that are consumed beyond those of the events so far and of the open experiments' ends.
    private var excess: Int { watermark - events.count - lostCount }

    /// The number of experiments that the adopter of the journal has ended.
    private var lostCount: Int {
        switch log.ending {
        case .left: return open.count
        case .closed: return 0
        case .unknown:
            let lost = Event.Body.end(.lost, reason: nil)
            let visible = open.compactMap { history in
                experiments[history.id].flatMap { $0.shows(lost, of: history.attempt) ? $0.judge : nil }
            }
            if visible.contains(where: { $0.hasTrace(of: lost) }) { return open.count }
            if visible.contains(where: { $0.isRunning }) { return 0 }
            return watermark - events.count >= open.count ? open.count : 0
        }
    }

    /// Adds the interrupted calls without a trace that have consumed a sequence number.
    ///
    /// - Parameter begins: the interrupted calls for a new experiment. Those of this producer are removed.
    mutating func addInterruptedCalls(_ begins: inout [SideReader.OpenBegin]) {
        // The adopter's end of the experiment replaces an interrupted end. Both consume one number.
        for (history, body) in traceless where excess > 0 && !body.isEnd && !body.isStart {
            if case .battery = body, history.attempt == 1 { continue }
            recovered += 1
            append(body, of: history)
            // Its row was withdrawn, but may have been counted before.
            let index = attempts.firstIndex { $0.id == history.id && $0.attempt.number == history.attempt }
            if let index { attempts[index].attempt.calls.append(body) }
        }
        for (history, body) in traceless where excess > 1 && body.isStart {
            append(body, of: history)
            open.append(history)
        }
        while excess > 0, let index = begins.firstIndex(where: { $0.producer == producer }) {
            let begin = begins.remove(at: index)
            recovered += 1
            let number = UInt64(log.histories.count { !$0.isInherited && $0.attempt == 1 } + 1)
            let declaration = Event.Body.battery(History.declaration(begin.battery, variant: begin.variant))
            let history = History(
                id: ExperimentID(producer: producer, number: number), batteryIndex: begin.battery, calls: [])
            append(declaration, of: history)
            // Only a deletion removes an experiment that has started from the indexes.
            guard excess > 1 else { continue }
            append(.start(begin.start), of: history)
            open.append(history)
            unrecorded.insert(history.id)
        }
        // A forked child declares a battery of an inherited experiment again before its first event of it.
        for battery in log.inheritedBatteries.sorted() where excess > 0 {
            let history = History(id: ExperimentID(producer: producer, number: 0), batteryIndex: battery, calls: [])
            append(.battery(History.declaration(battery)), of: history)
        }
    }

    /// Adds the ends of the experiments that the process has left open. The adopter of its journal writes them with the next
    /// sequence numbers, and with the time of the experiment's last event.
    mutating func addLostEnds() {
        for history in open.prefix(lostCount) { append(.end(.lost, reason: nil), of: history) }
    }

    private mutating func append(_ body: Event.Body, of history: History) {
        var experiment: ExperimentID? = history.id
        if case .battery = body { experiment = nil }
        events.append(
            Event(
                experiment: experiment, battery: history.battery,
                origin: Event.Origin(producer: producer, seq: UInt64(events.count + 1)), time: Int64(history.attempt),
                body: body))
    }
}
