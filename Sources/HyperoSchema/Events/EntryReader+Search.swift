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
            lease: try integer(EventField.lease, in: Limits.lease).map(Int64.init) ?? Event.Search.defaultLease)
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

    private mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(Rejection) -> Int? {
        guard let bytes = value(name) else { return nil }
        guard let number = bytes.decimal, let value = Int(exactly: number), range.contains(value) else {
            throw .invalid(
                name, value: bytes, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
