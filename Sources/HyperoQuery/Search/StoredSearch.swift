import HyperoSchema

/// A search as stored in its hash (``SearchField``). A malformed value is left out, with a warning.
struct StoredSearch {
    /// A trial that was granted and has not ended.
    struct OpenTrial {
        /// The time of the latest recorded sign of life by the server's clock, in Unix milliseconds; 0 for a trial that is lost.
        let time: Int64
        /// The number of the enqueued point; nil for none.
        let point: Int?
        /// True if a process has started the trial.
        let isStarted: Bool
        /// The producer that has started the trial, or else has claimed it; nil if it is not known.
        let holder: ProducerID?

        /// Parses `<attempt> <token> <time> <point> <producer> [<losses>]`; nil if the text is malformed.
        init?(text: String) {
            let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard (5...6).contains(words.count), let attempt = Int(words[0]), attempt > 0, let time = Int64(words[2]),
                time >= 0
            else {
                return nil
            }
            // A hyphen stands for an absent part. It would be a valid id, too.
            let runner = words[4] == "-" ? nil : ProducerID(words[4])
            self.time = time
            point = Int(words[3])
            isStarted = runner != nil
            holder = runner ?? Event.Origin(token: words[1])?.producer
        }
    }

    let id: SearchID
    let keyspace: Keyspace
    let battery: BatteryID?
    let name: String
    let seed: String
    let sampler: String?
    let trials: Int
    /// The time in milliseconds after which a silent trial is lost: the lease, and an eighth of it, because a sign of life is recorded
    /// once in that time.
    let silence: Int64
    let rule: StoppingRule?
    let created: Int64?
    let conflict: String?
    /// The number of trials that were granted at least once.
    let givenCount: Int
    let endedCount: Int
    let stoppedCount: Int
    let refusedCount: Int
    let grantedPoints: Int
    private(set) var open: [Int: OpenTrial] = [:]
    /// The enqueued points by number, each a JSON object.
    private(set) var points: [Int: String] = [:]
    /// The distributions of the hyper-parameters, by name.
    private(set) var spaces: [ExactText: String] = [:]

    /// - Returns: nil for a hash that is not of a declared search.
    init?(
        id: SearchID, in keyspace: Keyspace, fields: [(name: String, value: String)], warnings: inout [String]
    ) {
        var reader = HashReader(fields, source: keyspace.search(id))
        defer { warnings += reader.warnings }
        // A number that is out of its range would overflow sums.
        func count(_ name: String, upTo limit: Int = Limits.trials) -> Int? {
            reader.integer(name).map { Int(min(max($0, 0), Int64(limit))) }
        }
        guard let trials = reader.required(SearchField.trials, read: { $0.integer($1) }), trials > 0 else { return nil }
        self.id = id
        self.keyspace = keyspace
        battery = reader.fields[SearchField.battery].flatMap { BatteryID($0) }
        name = reader.fields[SearchField.name] ?? ""
        seed = reader.fields[SearchField.seed] ?? ""
        sampler = reader.fields[SearchField.sampler]
        self.trials = Int(min(trials, Int64(Limits.trials)))
        let lease = min(max(reader.integer(SearchField.lease) ?? Event.Search.defaultLease, 0), 1 << 40)
        silence = lease + lease / 8
        let kind = reader.fields[SearchField.stopping]
        rule = StoppingRule(
            kind: kind, epochs: reader.fields[SearchField.stoppingEpochs],
            first: reader.fields[SearchField.stoppingFirst], factor: reader.fields[SearchField.stoppingFactor])
        created = reader.integer(SearchField.created)
        conflict = reader.fields[SearchField.conflict]
        let next = count(SearchField.next, upTo: Limits.trials + 1) ?? 1
        let free = reader.fields[SearchField.free].map { SequenceRanges.parse($0) } ?? []
        let freeCount = free.filter { $0.lowerBound > 0 && $0.upperBound < UInt64(next) }
            .reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) + 1 }
        givenCount = max(next - 1 - freeCount, 0)
        endedCount = count(SearchField.ended) ?? 0
        stoppedCount = count(SearchField.stopped) ?? 0
        refusedCount = count(SearchField.refused, upTo: 1 << 40) ?? 0
        grantedPoints = count(SearchField.granted) ?? 0
        let source = keyspace.search(id)
        if kind != nil, rule == nil { warnings.append("\(source): the stopping rule is malformed and left out") }
        for (name, value) in fields {
            if let number = name.dropping(prefix: SearchField.open) {
                if let number = Int(number), number > 0, let trial = OpenTrial(text: value) {
                    open[number] = trial
                } else {
                    addScanWarning(
                        "\(source): \(printable(name)) must be the state of a trial, not '\(printable(value))'",
                        to: &warnings)
                }
            } else if let number = name.dropping(prefix: SearchField.point).flatMap({ Int($0) }) {
                points[number] = value
            } else if let name = name.dropping(prefix: Prefix.space) {
                spaces[ExactText(name)] = value
            }
        }
    }

    /// The warning about a later declaration that differs; nil if there is none.
    var conflictWarning: String? {
        conflict.map {
            "search '\(id.text)' was declared again with '\(printable($0, limit: 300))', which has no effect: the first declaration "
                + "counts. Choose another name or seed for a search with other settings"
        }
    }
}

extension Store {
    /// Reads searches. One that is missing or malformed is left out, with a warning.
    func storedSearches(
        _ places: [(id: SearchID, keyspace: Keyspace)], warnings: inout [String]
    ) throws(QueryError) -> [StoredSearch] {
        var pipeline = CommandPipeline()
        let replies = places.map { id, keyspace in
            pipeline.append("HGETALL", keyspace.search(id), in: keyspace, as: .pairs)
        }
        try connections.run(pipeline)
        var found: [StoredSearch] = []
        for ((id, keyspace), reply) in zip(places, replies) {
            let fields = try reply.value(or: [], warnings: &warnings)
            guard !fields.isEmpty else {
                if !reply.isOfWrongType {
                    warnings.append("search '\(id.text)' is listed, but its hash \(keyspace.search(id)) is missing")
                }
                continue
            }
            if let search = StoredSearch(id: id, in: keyspace, fields: fields, warnings: &warnings) {
                found.append(search)
            }
        }
        return found
    }
}
