import HyperoSchema

/// The state of one search while a batch is folded: the prior state and the changes by the batch.
struct SearchFold {
    let prior: SearchState
    private(set) var state: SearchState
    /// The time of the first declaration in Unix milliseconds, if the batch has it.
    private var created: Int64?
    /// The latest declaration that differs from the first one.
    private var conflict: String?
    /// The trials whose fields may have changed.
    private var touched: Set<Int> = []
    /// Open trials without a recorded sign of life for too long, the one that is silent for the longest time last. Some may have
    /// given one since.
    private var silent: [Int] = []
    /// A time before which no open trial is silent for too long; nil if it is not known.
    private var quietUntil: Int64?
    /// The distributions that the batch has added.
    private var newSpaces: [IndexChange.Field] = []
    /// The entries of the history.
    private var history: [[IndexChange.Field]] = []

    init(_ prior: SearchState) {
        self.prior = prior
        state = prior
    }

    /// Declares the search. A later declaration raises the number of trials, and any other difference is recorded. A lower number
    /// is none: processes repeat the declaration that they began with.
    mutating func declare(_ search: Event.Search, of battery: BatteryID, at time: Int64) {
        guard state.battery != nil else {
            state.battery = battery
            (state.name, state.seed, state.sampler) = (search.name, String(search.seed), search.sampler)
            (state.trials, state.attempts, state.lease) = (search.trials, search.attempts, search.lease)
            state.stopping = search.stopping
            created = time
            return
        }
        state.trials = max(state.trials, search.trials)
        let differences = differences(of: search)
        guard !differences.isEmpty else { return }
        conflict = differences.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    }

    /// Returns the fields of a declaration that differ from those of the first one, without the number of trials.
    private func differences(of search: Event.Search) -> [(name: String, value: String)] {
        var (first, other): ([String?], [(name: String, value: String)]) = ([], [])
        func compare(_ name: String, _ value: String?, with firstValue: String?) {
            first.append(firstValue)
            other.append((name, value ?? SearchField.noValue))
        }
        compare(SearchField.name, search.name, with: state.name)
        compare(SearchField.seed, String(search.seed), with: state.seed)
        compare(SearchField.sampler, search.sampler, with: state.sampler)
        compare(SearchField.attempts, String(search.attempts), with: String(state.attempts))
        compare(SearchField.lease, String(search.lease), with: String(state.lease))
        compare(SearchField.stopping, search.stopping?.kind.rawValue, with: state.stopping?.kind.rawValue)
        if let rule = search.stopping, let firstRule = state.stopping {
            for (field, firstField) in zip(rule.fields, firstRule.fields).dropFirst() {
                compare(field.name, field.value, with: firstField.value)
            }
        }
        return zip(first, other).filter { !($0 ?? SearchField.noValue).hasSameBytes(as: $1.value) }.map { $1 }
    }

    /// Records the distribution of a hyper-parameter of a trial.
    ///
    /// - Returns: whether it is that of the search, which has the first one of each name.
    mutating func setSpace(_ space: Event.Entry) -> Bool {
        let name = ExactText(space.name)
        if let first = state.spaces[name] { return first.hasSameBytes(as: space.value) }
        guard state.spaces.count < Limits.searchSpaces else { return false }
        state.spaces[name] = space.value
        newSpaces.append(IndexChange.Field(Prefix.space + space.name, space.value))
        return true
    }

    /// Adds a point, unless it is an exact repeat.
    mutating func enqueue(_ entries: [Event.Entry]) {
        let point = Self.text(of: entries)
        guard !contains(point) else { return }
        state.points.append(point)
        state.pointBytes += point.utf8.count
    }

    /// Returns the reason why there is no room for a point; nil if there is room, or if it is an exact repeat.
    func violation(ofEnqueuing entries: [Event.Entry]) -> String? {
        let point = Self.text(of: entries)
        guard !contains(point) else { return nil }
        guard state.points.count < Limits.points, state.pointBytes + point.utf8.count <= Limits.pointBytes else {
            return
                "the search has \(state.points.count) enqueued points of \(state.pointBytes) bytes: at most \(Limits.points) "
                + "points and \(Limits.pointBytes) bytes are allowed"
        }
        return nil
    }

    private func contains(_ point: String) -> Bool {
        WorkCounter.count(state.points.count)
        return state.points.contains { $0.hasSameBytes(as: point) }
    }

    /// Returns the JSON object of hyper-parameters, with sorted names, so that their order does not matter.
    private static func text(of entries: [Event.Entry]) -> String {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return JSON.text(of: .object(sorted.map { Value.Member($0.name, Value(text: $0.value)) }))
    }

    /// The enqueued point of a trial as a JSON object; nil for none.
    func point(of trial: SearchState.OpenTrial) -> String? {
        trial.point.flatMap { (1...max(state.points.count, 1)).contains($0) ? state.points[$0 - 1] : nil }
    }
}

// MARK: - Numbers

extension SearchFold {
    /// Returns the open trial that is silent for the longest time; nil if none is without a recorded sign of life for too long.
    ///
    /// All of them are searched for at once. A trial that is silent later has a later sign of life.
    mutating func firstSilent(at now: Int64) -> Int? {
        while let number = silent.last {
            if isSilent(number, at: now) { return number }
            silent.removeLast()
        }
        if let quietUntil, now < quietUntil { return nil }
        WorkCounter.count(state.open.count)
        silent = state.open.keys.filter { isSilent($0, at: now) }
            .map { (time: state.open[$0]?.time ?? 0, number: $0) }.sorted { $0 > $1 }.map(\.number)
        let earliest = (state.open.values.lazy.map(\.time).min() ?? now) + state.silence
        quietUntil = silent.isEmpty ? max(earliest, state.resumed + state.grace) : nil
        return silent.last
    }

    /// Records the time of an event of a trial, or of a claim.
    ///
    /// - Parameter lastSign: the time of the sign of life of the producer before the event; 0 for none.
    mutating func touch(at now: Int64, lastSign: Int64) {
        if state.active > 0, now - max(state.active, lastSign) > state.outage, now - state.resumed > 2 * state.lease {
            state.resumed = now
            (silent, quietUntil) = ([], nil)
        }
        if now - state.active >= state.lease / 8 { state.active = now }
    }

    /// Returns the first of the open trials that are silent, at most a number of them.
    func silent(upTo count: Int) -> ArraySlice<Int> { silent.suffix(count) }

    /// Returns the trial that was granted to a claim and is not started, other than one; nil if there is none.
    func unstarted(of token: Event.Origin, otherThan number: Int) -> Int? {
        WorkCounter.count(state.open.count)
        return state.open.first { $0.key != number && $0.value.token == token && $0.value.runner == nil }?.key
    }

    /// Makes a number free that was granted to a process that runs another one.
    mutating func release(_ number: Int) {
        guard let trial = state.open[number] else { return }
        // A point is granted once, so that its trial keeps it.
        guard trial.point == nil, trial.attempt == 1 else {
            var trial = trial
            (trial.time, trial.token) = (0, nil)
            return set(trial, at: number)
        }
        state.open[number] = nil
        touched.insert(number)
        let number = UInt64(number)
        state.free.append(number...number)
        state.free.sort { $0.lowerBound < $1.lowerBound }
    }

    private func isSilent(_ number: Int, at now: Int64) -> Bool {
        guard let time = state.open[number]?.time else { return false }
        return time == 0 || now - time >= state.silence && now >= state.resumed + state.grace
    }

    /// Returns the next number that was never granted, with an enqueued point if there is one; nil if all were granted.
    mutating func grantNext(to token: Event.Origin, at now: Int64) -> (number: Int, trial: SearchState.OpenTrial)? {
        let number: Int
        if let first = state.free.first, first.lowerBound <= UInt64(state.trials) {
            number = Int(first.lowerBound)
            remove(number)
        } else if state.next <= state.trials {
            number = state.next
            state.next += 1
        } else {
            return nil
        }
        var trial = SearchState.OpenTrial(attempt: 1, token: token, time: now)
        if state.granted < state.points.count {
            state.granted += 1
            trial.point = state.granted
        }
        set(trial, at: number)
        return (number, trial)
    }

    /// Makes a number known that was not granted, because Redis has lost its grant. The numbers below stay free.
    mutating func occupy(_ number: Int) {
        guard number >= state.next else { return remove(number) }
        if number > state.next { state.free.append(UInt64(state.next)...UInt64(number - 1)) }
        state.next = number + 1
    }

    /// Removes a number from the free ones.
    private mutating func remove(_ number: Int) {
        let number = UInt64(number)
        guard let index = state.free.firstIndex(where: { $0.contains(number) }) else { return }
        let range = state.free[index]
        var rest: [ClosedRange<UInt64>] = []
        if range.lowerBound < number { rest.append(range.lowerBound...number - 1) }
        if number < range.upperBound { rest.append(number + 1...range.upperBound) }
        state.free.replaceSubrange(index...index, with: rest)
    }

    /// Sets an open trial.
    mutating func set(_ trial: SearchState.OpenTrial, at number: Int) {
        state.open[number] = trial
        touched.insert(number)
        quietUntil = quietUntil.map { min($0, trial.time == 0 ? 0 : trial.time + state.silence) }
        // It is the first one now.
        if trial.time == 0 { (silent, quietUntil) = ([], nil) }
    }

    /// Records the end of a trial.
    mutating func close(_ number: Int, as status: ExperimentStatus) {
        state.open[number] = nil
        touched.insert(number)
        state.ended += 1
        if status == .stopped { state.stopped += 1 }
    }

    /// Counts an end that is not applied.
    mutating func refuse() { state.refused += 1 }

    /// Adds an entry to the history.
    mutating func record(_ fields: [IndexChange.Field]) { history.append(fields) }
}

// MARK: - Changes

extension SearchFold {
    /// Returns the batch's changes of the search's keys.
    func changes(of id: SearchID, in keyspace: Keyspace) -> [IndexChange] {
        var changes: [IndexChange] = []
        var (fields, removed): ([IndexChange.Field], [String]) = ([], [])
        let key = keyspace.search(id)
        if let created, let battery = state.battery {
            changes.append(
                .addScores(
                    key: keyspace.searches(of: battery), [IndexChange.Scored(id.text, score: String(created))],
                    onlyNew: false))
            fields += [
                IndexChange.Field(SearchField.battery, battery.text), IndexChange.Field(SearchField.name, state.name),
                IndexChange.Field(SearchField.seed, state.seed),
            ]
            if let sampler = state.sampler { fields.append(IndexChange.Field(SearchField.sampler, sampler)) }
            fields += [
                IndexChange.Field(SearchField.attempts, Int64(state.attempts)),
                IndexChange.Field(SearchField.lease, state.lease), IndexChange.Field(SearchField.created, created),
                IndexChange.Field(SearchField.next, Int64(state.next)),
            ]
            fields += (state.stopping?.fields ?? []).map { IndexChange.Field($0.name, $0.value) }
        }
        let counts = [
            (SearchField.trials, state.trials, prior.trials), (SearchField.next, state.next, prior.next),
            (SearchField.ended, state.ended, prior.ended), (SearchField.refused, state.refused, prior.refused),
            (SearchField.granted, state.granted, prior.granted), (SearchField.stopped, state.stopped, prior.stopped),
            (SearchField.active, Int(state.active), Int(prior.active)),
            (SearchField.resumed, Int(state.resumed), Int(prior.resumed)),
        ]
        for (name, count, before) in counts where count != before {
            fields.append(IndexChange.Field(name, Int64(count)))
        }
        if let conflict { fields.append(IndexChange.Field(SearchField.conflict, conflict)) }
        if state.free != prior.free {
            if state.free.isEmpty {
                removed.append(SearchField.free)
            } else {
                fields.append(IndexChange.Field(SearchField.free, SequenceRanges.text(of: state.free)))
            }
        }
        fields += newSpaces
        for index in prior.points.count..<state.points.count {
            fields.append(IndexChange.Field(SearchField.point + String(index + 1), state.points[index]))
        }
        for number in touched.sorted() where state.open[number] != prior.open[number] {
            let name = SearchField.open + String(number)
            if let trial = state.open[number] {
                fields.append(IndexChange.Field(name, trial.text))
            } else {
                removed.append(name)
            }
        }
        if !fields.isEmpty { changes.append(.setFields(key: key, fields)) }
        if !removed.isEmpty { changes.append(.removeFields(key: key, removed)) }
        changes += history.map { .appendEntry(key: keyspace.trials(of: id), $0, limit: Limits.trialHistory) }
        return changes
    }
}
