import HyperoSchema

/// What a batch changes in the rankings of one battery, so that each channel costs one command and not one an experiment.
struct Rankings {
    private struct Channel {
        var scored: [IndexChange.Scored] = []
        var removed: [String] = []
    }

    private var table = NameInterner()
    private var channels: [Channel] = []

    /// Ranks an experiment by a value, or takes it out of the ranking when the value is nan or infinite.
    mutating func set(_ experiment: ExperimentID, _ cell: CurveRow.Cell) {
        guard cell.number.isFinite else { return remove(experiment, from: cell.channel) }
        // Redis refuses what underflows to zero, as 1e-999, and Swift reads it as the zero it is.
        let score = cell.number.value == 0 ? "0" : cell.number.text
        channels[place(of: cell.channel)].scored.append(IndexChange.Scored(experiment.text, score))
    }

    mutating func remove(_ experiment: ExperimentID, from channel: String) {
        channels[place(of: channel)].removed.append(experiment.text)
    }

    func changes(key: (_ channel: String) -> String) -> [IndexChange] {
        zip(table.names, channels).flatMap { name, channel in
            let key = key(name)
            var changes: [IndexChange] = []
            if !channel.scored.isEmpty { changes.append(.addScores(key: key, channel.scored, onlyNew: false)) }
            if !channel.removed.isEmpty { changes.append(.removeMembers(key: key, channel.removed)) }
            return changes
        }
    }

    private mutating func place(of channel: String) -> Int {
        let place = table.place(of: channel)
        if place == channels.count { channels.append(Channel()) }
        return place
    }
}
