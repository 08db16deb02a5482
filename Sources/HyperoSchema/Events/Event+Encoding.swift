extension Event {
    /// Calls back with each field of the entry, in the order of the contract.
    package func forEachField(_ body: (_ name: String, _ value: String) -> Void) {
        body(WireName.event, self.body.kind.rawValue)
        if let experiment { body(WireName.experiment, experiment.text) }
        body(WireName.battery, battery.text)
        if let origin {
            body(WireName.producer, origin.producer.text)
            body(WireName.seq, String(origin.seq))
        }
        if let time { body(WireName.time, String(time)) }
        if let requeued { body(WireName.requeued, requeued.description) }
        self.body.forEachField(body)
    }
}

extension Event.Body {
    /// Calls back with each field that the event has beyond those that every entry starts with.
    package func forEachField(_ body: (_ name: String, _ value: String) -> Void) {
        switch self {
        case .battery(let declaration):
            body(WireName.name, declaration.name)
            body(WireName.version, String(declaration.version))
            body(WireName.description, declaration.description)
            body(WireName.objective, declaration.objective)
            body(WireName.direction, declaration.direction.rawValue)
        case .start(let start):
            if let host = start.host { body(WireName.host, host) }
            if let pid = start.pid { body(WireName.pid, pid) }
            if let seed = start.seed { body(WireName.seed, seed) }
        case .param(let entries):
            for entry in entries { body(Prefix.param + entry.name, entry.value) }
        case .meta(let entries):
            for entry in entries { body(Prefix.meta + entry.name, entry.value) }
        case .epoch(let epoch, let cells):
            body(WireName.epoch, String(epoch))
            for cell in cells { body(Prefix.curve + cell.channel, cell.number.text) }
        case .curve(let first, let series):
            if first != 1 { body(WireName.first, String(first)) }
            for series in series {
                body(Prefix.curve + series.channel, series.numbers.map(\.text).joined(separator: " "))
            }
        case .maxima(let epoch, let cells):
            if let epoch { body(WireName.epoch, String(epoch)) }
            for cell in cells { body(Prefix.max + cell.channel, cell.number.text) }
        case .end(let status, let reason):
            body(WireName.status, status.rawValue)
            if let reason { body(WireName.reason, reason) }
        }
    }
}
