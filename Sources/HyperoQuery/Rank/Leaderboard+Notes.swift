import HyperoSchema

extension Leaderboard {
    /// The remarks: experiments without a rank, channels to rank by instead, and the cost of reading curves.
    package var notes: [Note] {
        var notes: [Note] = []
        if let curveScan {
            notes.append(
                Note(
                    topic: .rankedByCurves,
                    text: "no experiment has '\(channel)' at its best epoch, so the best value of each learning curve "
                        + "counts. This read \(counted(curveScan.experimentCount, noun: "curve")), "
                        + bytesText(curveScan.byteCount)))
        }
        let unranked = experimentCount - count
        if experimentCount == 0 {
            notes.append(Note(topic: .nothingRanked, text: "no experiment has started yet"))
        } else if count == 0 {
            notes.append(Note(topic: .nothingRanked, text: nothingRankedText))
        } else if unranked > 0 {
            notes.append(
                Note(
                    topic: .unranked,
                    text: "\(unranked) of \(experimentCount) experiments \(unranked == 1 ? "has" : "have") no "
                        + "'\(channel)' and no rank"))
        }
        return notes
    }

    /// The channels that were logged although no experiment has a rank.
    private var nothingRankedText: String {
        let role = isByObjective ? ", the objective" : ""
        let others = loggedChannels.filter { !$0.hasSameBytes(as: channel) }.prefix(Self.maxChannels)
        let isLogged = others.count < min(loggedChannels.count, Self.maxChannels)
        let subject =
            isLogged
            ? "no experiment has a finite value of '\(channel)'\(role)" : "no experiment has logged '\(channel)'\(role)"
        guard !others.isEmpty else {
            return isLogged ? "\(subject): all are nan or infinite" : "\(subject), or any other channel"
        }
        let more = loggedChannels.count - others.count - (isLogged ? 1 : 0)
        return "\(subject). Logged instead: \(others.joined(separator: ", "))"
            + (more > 0 ? " and \(more) more" : "")
    }

    /// The number of logged channels that a note lists.
    private static let maxChannels = 8

    /// The first logged channel other than the one of the ranking, to rank by instead; nil if there is none.
    package var alternativeChannel: String? {
        loggedChannels.first { !$0.hasSameBytes(as: channel) }
    }
}
