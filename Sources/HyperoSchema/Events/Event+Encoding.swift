extension Event {
    /// Calls the body with each field of the entry, in the order of the contract.
    package func forEachField(_ body: (_ name: String, _ value: String) -> Void) {
        body(EventField.event, self.body.kind.rawValue)
        if let experiment { body(EventField.experiment, experiment.text) }
        if let battery { body(EventField.battery, battery.text) }
        if let origin {
            body(EventField.producer, origin.producer.text)
            body(EventField.seq, String(origin.seq))
        }
        if let time { body(EventField.time, String(time)) }
        if let requeued { body(EventField.requeued, requeued.description) }
        self.body.forEachField(body)
    }
}

extension Event.Body {
    /// Calls the body with each field that is specific to the kind of event.
    package func forEachField(_ body: (_ name: String, _ value: String) -> Void) {
        switch self {
        case .battery(let declaration):
            body(EventField.name, declaration.name)
            body(EventField.version, String(declaration.version))
            body(EventField.description, declaration.description)
            body(EventField.objective, declaration.objective)
            body(EventField.direction, declaration.direction.rawValue)
            for other in declaration.directions { body(Prefix.direction + other.channel, other.direction.rawValue) }
        case .start(let start):
            if let host = start.host { body(EventField.host, host) }
            if let pid = start.pid { body(EventField.pid, pid) }
            if let seed = start.seed { body(EventField.seed, seed) }
            if let attempt = start.attempt { body(EventField.attempt, String(attempt)) }
            if let from = start.from { body(EventField.from, String(from)) }
            if let token = start.token { body(EventField.token, token.token) }
            if let asof = start.asof { body(EventField.asof, asof.description) }
        case .param(let entries, let spaces):
            for entry in entries { body(Prefix.param + entry.name, entry.value) }
            for space in spaces { body(Prefix.space + space.name, space.value) }
        case .meta(let entries):
            for entry in entries { body(Prefix.meta + entry.name, entry.value) }
        case .epoch(let epoch, let cells):
            body(EventField.epoch, String(epoch))
            for cell in cells { body(Prefix.curve + cell.channel, cell.number.text) }
        case .curve(let first, let series):
            if first != 1 { body(EventField.first, String(first)) }
            for series in series {
                body(Prefix.curve + series.channel, series.numbers.map(\.text).joined(separator: " "))
            }
        case .maxima(let epoch, let cells):
            if let epoch { body(EventField.epoch, String(epoch)) }
            for cell in cells { body(Prefix.max + cell.channel, cell.number.text) }
        case .end(let status, let reason, let attempt):
            body(EventField.status, status.rawValue)
            if let reason { body(EventField.reason, reason) }
            if let attempt { body(EventField.attempt, String(attempt)) }
        case .search(let search):
            body(EventField.search, search.id.text)
            body(EventField.name, search.name)
            body(EventField.seed, String(search.seed))
            body(EventField.trials, String(search.trials))
            if let sampler = search.sampler { body(EventField.sampler, sampler) }
            body(EventField.attempts, String(search.attempts))
            body(EventField.lease, String(search.lease))
            for (name, value) in search.stopping?.fields ?? [] { body(name, value) }
        case .claim(let search): body(EventField.search, search.text)
        case .enqueue(let search, let entries):
            body(EventField.search, search.text)
            for entry in entries { body(Prefix.param + entry.name, entry.value) }
        case .alive(let producer): body(EventField.producer, producer.text)
        }
    }
}
