extension Event {
    /// Decodes an entry of the stream.
    ///
    /// The fields may be in any order. A field that the kind of event does not have is rejected: if it were ignored, its data
    /// would be lost unnoticed.
    ///
    /// - Throws: ``Rejection``. Its description becomes `dead.reason`.
    package init(decoding fields: UnsafeBufferPointer<WireField>) throws(Rejection) {
        do {
            try self.init(fields)
        } catch {
            throw error.withOrigin(from: fields)
        }
    }

    private init(_ fields: UnsafeBufferPointer<WireField>) throws(Rejection) {
        var reader = try EntryReader(fields)
        guard let kindBytes = reader.value(EventField.event) else {
            throw Rejection("the field 'event' is missing: it is required in every entry")
        }
        guard let kind = EventKind(rawValue: String(decoding: kindBytes, as: UTF8.self)) else {
            let kinds = EventKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(EventField.event, value: kindBytes, expected: "one of \(kinds)")
        }
        reader.kind = kind

        guard kind != .alive else {
            try self.init(signOfLife: &reader)
            return
        }
        var experiment: ExperimentID?
        if kind.hasExperiment {
            let bytes = try reader.requireValue(EventField.experiment)
            experiment = ExperimentID(String(decoding: bytes, as: UTF8.self))
            guard experiment != nil else {
                throw .invalid(EventField.experiment, value: bytes, expected: "1 to 64 characters of a-z 0-9 -")
            }
        }
        let batteryBytes = try reader.requireValue(EventField.battery)
        guard let battery = BatteryID(String(decoding: batteryBytes, as: UTF8.self)) else {
            throw .invalid(EventField.battery, value: batteryBytes, expected: "1 to 80 characters of a-z 0-9 . -")
        }
        let origin = try reader.origin()
        guard origin != nil || kind != .claim else { throw .missing(EventField.producer, in: kind) }
        self.init(
            experiment: experiment, battery: battery, origin: origin,
            time: try reader.time(),
            body: try reader.body()
        )
        // Few entries have this field, so it is searched for only if a field was not read yet.
        if !reader.hasReadAllFields, let id = reader.value(EventField.requeued) {
            requeued = StreamID(id)
            guard requeued != nil else { throw .invalid(EventField.requeued, value: id, expected: "a stream id") }
        }
        try reader.finish()
    }

    private init(signOfLife reader: inout EntryReader) throws(Rejection) {
        let producer = try reader.producer(from: try reader.requireValue(EventField.producer))
        self.init(experiment: nil, battery: nil, time: try reader.time(), body: .alive(producer))
        try reader.finish()
    }
}

extension EntryReader {
    fileprivate mutating func origin() throws(Rejection) -> Event.Origin? {
        let producer = value(EventField.producer)
        let seq = try integer(EventField.seq, atLeast: 1)
        switch (producer, seq) {
        case (nil, nil): return nil
        case (let bytes?, let seq?):
            return Event.Origin(producer: try self.producer(from: bytes), seq: UInt64(seq))
        default: throw Rejection("the fields 'producer' and 'seq' must occur together or not at all")
        }
    }

    fileprivate func producer(from bytes: Bytes) throws(Rejection) -> ProducerID {
        guard let producer = ProducerID(String(decoding: bytes, as: UTF8.self)) else {
            throw .invalid(EventField.producer, value: bytes, expected: "1 to 64 characters of a-z 0-9 -")
        }
        return producer
    }

    /// Reads the time; nil if there is none. A time before 1970 is as impossible as one before 2000, and replaced later.
    fileprivate mutating func time() throws(Rejection) -> Int64? {
        try integer(EventField.time, atLeast: -Int(Limits.integer)).map(Int64.init)
    }

    fileprivate mutating func body() throws(Rejection) -> Event.Body {
        switch kind {
        case .battery: .battery(try declaration())
        case .start:
            .start(
                Event.Start(
                    host: try text(EventField.host), pid: try text(EventField.pid), seed: try text(EventField.seed),
                    attempt: try integer(EventField.attempt, atLeast: 1), from: try epoch(EventField.from),
                    token: try token(), asof: try asof()))
        case .param: try parameters()
        case .meta: .meta(try entries(Prefix.meta))
        case .epoch: .epoch(try requireEpoch(), try cells(Prefix.curve))
        case .curve: try curve()
        case .maxima: .maxima(epoch: try epoch(EventField.epoch), try cells(Prefix.max))
        case .end: .end(try status(), reason: reason(), attempt: try integer(EventField.attempt, atLeast: 1))
        case .search: .search(try search())
        case .claim: .claim(try searchID())
        case .enqueue: .enqueue(try searchID(), try entries(Prefix.param))
        // Has no body.
        case .alive: throw Rejection("the field 'producer' is missing: it is required in an event 'alive'")
        }
    }

    private mutating func declaration() throws(Rejection) -> Event.Declaration {
        let name = try requireText(EventField.name)
        if let violation = Name.violation(name) {
            throw Rejection("the battery name '\(printable(name))' \(violation)")
        }
        let version = try requireInteger(EventField.version, atLeast: -Int(Limits.integer))
        let description = try requireText(EventField.description)
        let objective = try text(EventField.objective) ?? Event.Declaration.defaultObjective
        if let violation = Name.channelViolation(objective) {
            throw Rejection("the objective '\(printable(objective))' \(violation)")
        }
        let direction = try value(EventField.direction).map { bytes throws(Rejection) in
            try self.direction(bytes, of: EventField.direction)
        }
        var directions: [Event.ChannelDirection] = []
        if !hasReadAllFields {
            for (channel, value) in try valuesIfPresent(prefix: Prefix.direction) {
                try check(channel: channel)
                directions.append(
                    Event.ChannelDirection(channel, try self.direction(value, of: Prefix.direction + channel)))
            }
        }
        let own = directions.first { $0.channel.hasSameBytes(as: objective) }?.direction
        let declaration = Event.Declaration(
            name: name, version: version, description: description, objective: objective,
            direction: direction ?? own ?? Direction(ofObjectiveNamed: objective), directions: directions)
        guard !declaration.contradictsItself else {
            let field = Prefix.direction + printable(objective)
            throw Rejection(
                "the fields '\(EventField.direction)' and '\(field)' must be equal, because '\(printable(objective))' is "
                    + "the objective, not \(declaration.direction.rawValue) and \((own ?? .max).rawValue)")
        }
        return declaration
    }

    private func direction(_ bytes: Bytes, of field: String) throws(Rejection) -> Direction {
        guard let direction = Direction(rawValue: String(decoding: bytes, as: UTF8.self)) else {
            throw .invalid(field, value: bytes, expected: "max or min")
        }
        return direction
    }

    private mutating func parameters() throws(Rejection) -> Event.Body {
        let entries = try entries(Prefix.param)
        var spaces: [Event.Entry] = []
        if !hasReadAllFields {
            for (name, value) in try valuesIfPresent(prefix: Prefix.space) {
                guard entries.contains(where: { $0.name.hasSameBytes(as: name) }) else {
                    throw Rejection(
                        "the field '\(Prefix.space)\(printable(name))' is not allowed without \(Prefix.param)\(printable(name))"
                    )
                }
                spaces.append(Event.Entry(name: name, value: try utf8(value, of: Prefix.space + name)))
            }
        }
        return .param(entries, spaces: spaces)
    }

    private mutating func entries(_ prefix: String) throws(Rejection) -> [Event.Entry] {
        var entries: [Event.Entry] = []
        for (name, value) in try values(prefix: prefix) {
            if let violation = Name.violation(name) { throw Rejection("the name of a field '\(prefix)…' \(violation)") }
            entries.append(Event.Entry(name: name, value: try utf8(value, of: prefix + name)))
        }
        return entries
    }

    private mutating func cells(_ prefix: String) throws(Rejection) -> [CurveRow.Cell] {
        var cells: [CurveRow.Cell] = []
        cells.reserveCapacity(3)
        for (channel, value) in try values(prefix: prefix) {
            try check(channel: channel)
            guard let number = Number(value) else {
                throw .invalid(prefix + channel, value: value, expected: "a number, nan, inf or -inf")
            }
            cells.append(CurveRow.Cell(channel, number))
        }
        return cells
    }

    private mutating func curve() throws(Rejection) -> Event.Body {
        let first = try epoch(EventField.first) ?? 1
        var series: [Event.Series] = []
        for (channel, value) in try values(prefix: Prefix.curve) {
            try check(channel: channel)
            let numbers = try numbers(value, of: channel)
            guard numbers.count - 1 <= Int(Limits.integer) - first else {
                throw Rejection("the curve '\(printable(channel))' must not exceed epoch \(Limits.integer)")
            }
            series.append(Event.Series(channel, numbers))
        }
        return .curve(first: first, series)
    }

    private func numbers(_ value: Bytes, of channel: String) throws(Rejection) -> [Number] {
        var numbers: [Number] = []
        for word in value.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
            let word = Bytes(rebasing: word)
            guard !word.isEmpty else {
                throw Rejection(
                    "the field '\(Prefix.curve)\(printable(channel))' must be one or more numbers, separated by one space"
                )
            }
            guard let number = Number(word) else {
                throw .invalid(
                    Prefix.curve + channel, value: word,
                    expected: "numbers, nan, inf or -inf, separated by one space")
            }
            numbers.append(number)
        }
        return numbers
    }

    private mutating func status() throws(Rejection) -> ExperimentStatus {
        let bytes = try requireValue(EventField.status)
        guard let status = ExperimentStatus(rawValue: String(decoding: bytes, as: UTF8.self)), status != .running else {
            throw .invalid(EventField.status, value: bytes, expected: "done, failed, stopped or lost")
        }
        return status
    }

    private func check(channel: String) throws(Rejection) {
        if let violation = Name.channelViolation(channel) {
            throw Rejection("the channel name '\(printable(channel))' \(violation)")
        }
    }
}
