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
        if !condition.isEmpty, isRankingOrder, !isFull, examinedCount < count { notes.append(searchNote) }
        notes += leftOutNotes
        if let noiseText { notes.append(Note(topic: .noise, text: noiseText)) }
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
                    text:
                        "\(unranked) of \(counted(experimentCount, noun: "experiment")) \(unranked == 1 ? "has" : "have") no "
                        + "finite '\(channel)'\(place) and no rank"))
        }
        return notes
    }

    package var limitNote: Note? {
        guard isRankingOrder else {
            guard rows.count < rowCount else { return nil }
            let noun = criteria.isEmpty ? "ranked experiments" : "experiments of the front"
            return Note(topic: .moreRows, text: "the first \(rows.count) of \(rowCount) \(noun) are written")
        }
        guard examinedCount < count else { return nil }
        if condition.isEmpty {
            return Note(topic: .moreRows, text: "the first \(rows.count) of \(count) ranked experiments are written")
        }
        // Otherwise one of the notes says it.
        return isFull ? searchNote : nil
    }

    /// The remarks about experiments that are not on the front for want of a number, one per criterion.
    private var leftOutNotes: [Note] {
        zip(criteria, missingCounts).filter { $1 > 0 }.map { criterion, missing in
            let all =
                counted(memberCount, noun: "ranked experiment") + (condition.isEmpty ? "" : " with \(condition.text)")
            return Note(
                topic: .leftOut,
                text:
                    "\(missing) of \(all) \(missing == 1 ? "has" : "have") no finite number of '\(criterion.name)' and "
                    + "\(missing == 1 ? "is" : "are") not on the front")
        }
    }

    /// The meaning of the mark of rows that may be as good as the best one, or the reason why no row has it; nil if the user did
    /// not ask for it, or if there are no other rows.
    private var noiseText: String? {
        guard let leader, rows.contains(where: { $0.experiment != leader.experiment }) else { return nil }
        if let noise = options.noise, rows.contains(where: isWithinNoise) {
            return noise.text(of: channel, marking: .rows)
        }
        guard options.explainsNoise else { return nil }
        return options.noise.map { $0.text(of: channel, marking: .noRow) }
            ?? "the noise is not known: no two experiments of equal hyper-parameters that are done differ in '\(channel)', and the last "
            + "quarter of the epochs of \(leader.experiment) has fewer than 4 finite values of it, or only equal changes. Repeat "
            + "trainings with other seeds"
    }

    /// True if the rows are in the order of the ranking, of which they are the first.
    var isRankingOrder: Bool { sort.isEmpty && criteria.isEmpty }

    /// The remark that the search for a condition has ended before the last ranked experiment.
    private var searchNote: Note {
        let rest = count - examinedCount
        return Note(
            topic: .moreRows,
            text: "\(counted(rest, noun: "further ranked experiment")) \(rest == 1 ? "was" : "were") not searched for "
                + condition.text)
    }

    private var rankedByCurvesText: String {
        switch rankedValue {
        case .atBestEpoch where isRankingMissing:
            "another client has removed the ranking by '\(channel)', so the best value of each learning curve counts"
        case .atBestEpoch:
            "no experiment has '\(channel)' at its best epoch, so the best value of each learning curve counts"
        case .bestOfCurve: "the best value of each learning curve counts, and not the one at the best epoch"
        }
    }

    /// The channels that were logged although no experiment has a rank.
    private var nothingRankedText: String {
        guard rankedValue == .atBestEpoch else { return "no learning curve has a finite value of '\(channel)'" }
        let role = isByObjective ? ", the objective" : ""
        guard !isRankingMissing else {
            return
                "experiments have finite values of '\(channel)'\(role), but their ranking has none: another client has removed it"
        }
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
