// The bodies of the events of a search.
extension EntryReader {
    mutating func search() throws(Rejection) -> Event.Search {
        let id = try searchID()
        let name = try text(EventField.name) ?? Event.Search.defaultName
        if let violation = Name.violation(name) {
            throw Rejection("the name of the search '\(printable(name))' \(violation)")
        }
        let seedBytes = try requireValue(EventField.seed)
        guard let seed = UInt64(String(decoding: seedBytes, as: UTF8.self)), seedBytes.decimal != nil else {
            throw .invalid(EventField.seed, value: seedBytes, expected: "an integer from 0 to \(UInt64.max)")
        }
        guard let trials = try integer(EventField.trials, in: 1...Limits.trials) else {
            throw .missing(EventField.trials, in: kind)
        }
        let sampler = try text(EventField.sampler)
        if let sampler, let violation = Name.violation(sampler) {
            throw Rejection("the name of the sampler '\(printable(sampler))' \(violation)")
        }
        return Event.Search(
            id: id, name: name, seed: seed, trials: trials, sampler: sampler,
            attempts: try integer(EventField.attempts, in: Limits.attempts) ?? Event.Search.defaultAttempts,
            lease: try integer(EventField.lease, in: Limits.lease).map(Int64.init) ?? Event.Search.defaultLease,
            stopping: try stopping())
    }

    private mutating func stopping() throws(Rejection) -> StoppingRule? {
        guard let text = value(EventField.stopping) else {
            let others = [EventField.stoppingEpochs, EventField.stoppingFirst, EventField.stoppingFactor]
            if let other = others.first(where: { value($0) != nil }) {
                throw Rejection("the field '\(other)' is not allowed without \(EventField.stopping)")
            }
            return nil
        }
        guard let kind = StoppingRule.Kind(rawValue: String(decoding: text, as: UTF8.self)) else {
            throw .invalid(EventField.stopping, value: text, expected: "halving or median")
        }
        guard let epochs = try integer(EventField.stoppingEpochs, in: Limits.stoppingEpochs) else {
            throw Rejection(
                "the field '\(EventField.stoppingEpochs)' is missing: it is required with \(EventField.stopping)")
        }
        return StoppingRule(
            kind, epochs: epochs, first: try integer(EventField.stoppingFirst, in: 1...epochs - 1),
            factor: try integer(EventField.stoppingFactor, in: Limits.stoppingFactor) ?? StoppingRule.defaultFactor)
    }

    mutating func searchID() throws(Rejection) -> SearchID {
        let bytes = try requireValue(EventField.search)
        guard let id = SearchID(String(decoding: bytes, as: UTF8.self)) else {
            throw .invalid(EventField.search, value: bytes, expected: "s and 8 characters of 0-9 a-f")
        }
        return id
    }

    mutating func token() throws(Rejection) -> Event.Origin? {
        // Few starts have this field, so it is searched for only if a field was not read yet.
        guard !hasReadAllFields, let bytes = value(EventField.token) else { return nil }
        guard let token = Event.Origin(token: String(decoding: bytes, as: UTF8.self)) else {
            throw .invalid(EventField.token, value: bytes, expected: "<producer>:<seq> of a claim")
        }
        return token
    }

    mutating func asof() throws(Rejection) -> StreamID? {
        guard !hasReadAllFields, let bytes = value(EventField.asof) else { return nil }
        guard let id = StreamID(bytes) else {
            throw .invalid(
                EventField.asof, value: bytes, expected: "the id of an entry such as 1764240000000-0, or 0-0")
        }
        return id
    }

    private mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(Rejection) -> Int? {
        guard let bytes = value(name) else { return nil }
        guard let number = bytes.decimal, let value = Int(exactly: number), range.contains(value) else {
            throw .invalid(
                name, value: bytes, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
