import HyperoSchema

extension Leaderboard {
    /// The remarks: experiments without a rank, channels to rank by instead, and the cost of reading curves.
    package var notes: [Note] {
        var notes = source.notes(of: name)
        if let curveScan {
            notes.append(
                Note(
                    topic: .rankedByCurves,
                    text: rankedByCurvesText + ". This read \(counted(curveScan.experimentCount, noun: "curve")), "
                        + bytesText(curveScan.byteCount)))
        }
        if !statuses.isEmpty, !isFull, examinedCount < count { notes.append(searchNote) }
        let unranked = experimentCount - count
        if experimentCount == 0 {
            notes.append(.noExperiments)
        } else if count == 0 {
            notes.append(Note(topic: .nothingRanked, text: nothingRankedText))
        } else if unranked > 0 {
            // Their curves may have the channel, at other epochs or without the objective.
            let place = isByObjective || curveScan != nil ? "" : " at \(unranked == 1 ? "its" : "their") best epoch"
            notes.append(
                Note(
                    topic: .unranked,
                    text: "\(unranked) of \(experimentCount) experiments \(unranked == 1 ? "has" : "have") no "
                        + "finite '\(channel)'\(place) and no rank"))
        }
        return notes
    }

    package var limitNote: Note? {
        guard examinedCount < count else { return nil }
        if statuses.isEmpty {
            return Note(topic: .moreRows, text: "the first \(rows.count) of \(count) ranked experiments are written")
        }
        // Otherwise one of the notes says it.
        return isFull ? searchNote : nil
    }

    /// The remark that the search for statuses has ended before the last ranked experiment.
    private var searchNote: Note {
        let rest = count - examinedCount
        return Note(
            topic: .moreRows,
            text: "\(counted(rest, noun: "further ranked experiment")) \(rest == 1 ? "was" : "were") not searched for "
                + statuses.text)
    }

    private var rankedByCurvesText: String {
        switch rankedValue {
        case .atBestEpoch:
            "no experiment has '\(channel)' at its best epoch, so the best value of each learning curve counts"
        case .bestOfCurve: "the best value of each learning curve counts, and not the one at the best epoch"
        }
    }

    /// The channels that were logged although no experiment has a rank.
    private var nothingRankedText: String {
        guard rankedValue == .atBestEpoch else { return "no learning curve has a finite value of '\(channel)'" }
        let role = isByObjective ? ", the objective" : ""
        let others = loggedChannels.filter { !$0.hasSameBytes(as: channel) }.prefix(Self.maxChannels)
        let isLogged = loggedChannels.contains { $0.hasSameBytes(as: channel) }
        let more = loggedChannels.count - others.count - (isLogged ? 1 : 0)
        let list = others.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        guard isLogged else {
            let subject = "no experiment has logged '\(channel)'\(role)"
            return others.isEmpty ? "\(subject), or any other channel" : "\(subject). Logged instead: \(list)"
        }
        // The values of deleted experiments, and the rows that a resume withdrew, leave the name of the channel behind.
        let cause =
            hasNonfinite
            ? ", only nan or infinite ones" : ". The logged ones are nan or infinite, were deleted or were withdrawn"
        return "no experiment has a finite value of '\(channel)'\(role)\(cause)"
            + (others.isEmpty ? "" : ". Other channels: \(list)")
    }

    /// The number of logged channels that a note lists.
    static let maxChannels = 8

    /// The first channel to rank by instead; nil if no other channel has a finite value.
    package var alternativeChannel: String? { rankableChannels.first }
}
