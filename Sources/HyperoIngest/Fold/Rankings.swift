import HyperoSchema

/// The changes of one battery's rankings, collected so that a batch costs one command per channel and not one per
/// experiment.
struct Rankings {
    private struct Channel {
        var scored: [IndexChange.Scored] = []
        var removed: [String] = []
    }

    private var interner = NameInterner()
    private var channels: [Channel] = []

    /// Ranks an experiment by a value, or removes the experiment from the ranking if the value is nan or infinite.
    mutating func set(_ cell: CurveRow.Cell, of experiment: ExperimentID) {
        guard cell.number.isFinite else { return remove(experiment, from: cell.channel) }
        // Redis rejects a score that underflows to zero, such as 1e-999; Swift parses it as zero.
        let score = cell.number.value == 0 ? "0" : cell.number.text
        channels[intern(cell.channel)].scored.append(IndexChange.Scored(experiment.text, score: score))
    }

    mutating func remove(_ experiment: ExperimentID, from channel: String) {
        channels[intern(channel)].removed.append(experiment.text)
    }

    func changes(key: (_ channel: String) -> String) -> [IndexChange] {
        zip(interner.names, channels).flatMap { name, channel in
            let key = key(name)
            var changes: [IndexChange] = []
            if !channel.scored.isEmpty { changes.append(.addScores(key: key, channel.scored, onlyNew: false)) }
            if !channel.removed.isEmpty { changes.append(.removeMembers(key: key, channel.removed)) }
            return changes
        }
    }

    private mutating func intern(_ channel: String) -> Int {
        let index = interner.intern(channel)
        if index == channels.count { channels.append(Channel()) }
        return index
    }
}
