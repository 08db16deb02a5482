import HyperoSchema
import Synchronization

// The end of the experiment.
extension Experiment {
    /// Ends the experiment with the status `done`.
    ///
    /// If the experiment has logged rows, but never the objective of its battery, the client reports it: such an experiment
    /// is in no ranking.
    public func finish() {
        end(.done, reason: nil)
    }

    /// Ends the experiment with the status `failed`.
    ///
    /// - Parameter reason: The error, for people to read. A text of more than 64 KiB is cut.
    public func fail(_ reason: String) {
        end(.failed, reason: reason)
    }

    /// Ends the experiment with the status `stopped`, for a run that a person or an early-stopping rule ended.
    ///
    /// - Parameter reason: The reason, for people to read. A text of more than 64 KiB is cut.
    public func stop(_ reason: String) {
        end(.stopped, reason: reason)
    }

    /// Gives a trial of a search to another process, for a training that is interrupted: the trial is granted again at once, with the same
    /// hyper-parameters. The experiment ends with the status `lost`, which does not count as one of the `attempts`.
    ///
    /// Outside a search, this is ``stop(_:)``.
    ///
    /// - Parameter reason: The reason, for people to read. A text of more than 64 KiB is cut.
    public func giveBack(_ reason: String) {
        end(trial == nil ? .stopped : .lost, reason: reason)
    }

    /// Ends the experiment as `done`, unless it has ended.
    package func finishUnlessEnded() {
        if !hasEnded { finish() }
    }

    /// Ends the experiment as `failed`, unless it has ended.
    package func failUnlessEnded(_ error: any Error) {
        if !hasEnded { fail("\(error)") }
    }

    /// true if this client has ended the experiment.
    package var hasEnded: Bool { marks.load(ordering: .acquiring) & ExperimentMarks.ended != 0 }

    /// Ends the experiment.
    ///
    /// - Returns: false if the end is dropped. It is then counted.
    @discardableResult
    package func end(_ status: ExperimentStatus, reason: String?) -> Bool {
        let before = marks.bitwiseOr(ExperimentMarks.ended, ordering: .acquiringAndReleasing).oldValue
        guard before & ExperimentMarks.ended == 0 else {
            client.refuseAfterEnd(
                .secondEnd,
                "end not recorded: \(status.rawValue) of the experiment \(id), which has ended. Call finish, fail or stop once"
            )
            return false
        }
        // A client that is closed, or whose journal is full, drops the end. The experiment has then not ended.
        let (status, reason) = statusAfterStop(status, reason)
        if status == .done || status == .stopped { recordUnasked() }
        let end = Event.Body.end(status, reason: reason.map { EndReason.text(of: $0) }, attempt: trial?.attempt)
        guard client.record(end, of: self, time: client.timeOfChange()) else {
            marks.bitwiseAnd(~ExperimentMarks.ended, ordering: .releasing)
            return false
        }
        if let trial { client.board.remove(trial.signal) }
        reportMissingObjective(before)
        return true
    }

    /// Returns the status and the reason of an end. A training that has read that it must stop is `stopped`, not `done`.
    private func statusAfterStop(_ status: ExperimentStatus, _ reason: String?) -> (ExperimentStatus, String?) {
        guard status == .done, let trial, trial.signal.isSeen.load(ordering: .relaxed) else { return (status, reason) }
        return (.stopped, reason ?? stopReason)
    }

    /// Records the values of an enqueued point that the training has not asked for.
    private func recordUnasked() {
        let unasked = source.unasked
        guard !unasked.isEmpty else { return }
        for (name, value) in unasked { updateMeta(notUsed(name.text), value) }
        source.point?.report(unasked.map(\.name), of: id)
    }

    /// Reports that the experiment will not be ranked, because it has logged rows without the objective.
    ///
    /// Not in a forked child and not after a resume, because another process may have logged the objective.
    private func reportMissingObjective(_ marks: UInt64) {
        guard marks & ExperimentMarks.channels != 0, marks & battery.objectiveMark == 0,
            isOwn, !isResumed || trial?.attempt == 1, battery.isFirstUnranked()
        else { return }
        let channels = loggedChannels.map { printable($0) }.joined(separator: ", ")
        let (name, objective) = (battery.declaration.name, battery.declaration.objective)
        client.notify(
            "experiment not ranked: \(id) logged \(channels), but never '\(printable(objective))', which this program declares as "
                + "the objective of '\(printable(name))'. Declare a battery with an objective that the program logs")
    }
}

/// The bits of ``Experiment/marks``: the end of the experiment, and the channels that it has logged.
enum ExperimentMarks {
    static let ended: UInt64 = 1 << 63
    /// The objective, if it is not one of the following three channels.
    static let objective: UInt64 = 1 << 62
    static let train: UInt64 = 1
    static let valid: UInt64 = 2
    static let test: UInt64 = 4
    static let channels = ~ended

    /// Returns the bit of a channel. The channels of all other names share 56 bits, so that a name may be missing in a
    /// notice.
    static func mark(of channel: some Sequence<UInt8>, objectiveHash: UInt64) -> UInt64 {
        let hash = hash(channel)
        switch hash {
        case trainHash: return train
        case validHash: return valid
        case testHash: return test
        case objectiveHash: return objective
        default: return 1 << (3 + hash % 56)
        }
    }

    /// Returns FNV-1a, 64 bits, which is faster for short names than the hash of the standard library.
    static func hash(_ name: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }

    private static let trainHash: UInt64 = 0xdee7_95a6_c508_7209
    private static let validHash: UInt64 = 0x7d0c_fe94_3109_60b1
    private static let testHash: UInt64 = 0xf9e6_e6ef_197c_2b25
}
