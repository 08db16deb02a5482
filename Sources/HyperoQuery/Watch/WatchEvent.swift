import HyperoSchema

/// An event that was added to a stream, as clients and operators wrote it.
public struct WatchEvent: Sendable, Hashable {
    /// The content of an entry.
    enum Content: Sendable, Hashable {
        case event(Event)
        /// A command of an operator.
        case deletion(ControlEvent)
    }

    /// The time of the event in Unix milliseconds: that of the call, or else the one at which the entry was added.
    public let time: Int64
    let content: Content

    init(_ event: Event, id: StreamID) {
        time = event.time ?? Int64(clamping: id.milliseconds)
        content = .event(event)
    }

    init(_ deletion: ControlEvent, id: StreamID) {
        time = Int64(clamping: id.milliseconds)
        content = .deletion(deletion)
    }

    /// The id of the battery; nil for a sign of life, and if a deletion does not name it.
    public var battery: String? {
        switch content {
        case .event(let event): event.battery?.text
        case .deletion(.deleteExperiment(_, let battery)): battery?.text
        case .deletion(.deleteBattery(let battery)): battery.text
        case .deletion(.thinCurve): nil
        case .deletion(.rebuild(let battery)): battery?.text
        }
    }

    /// The id of the experiment; nil if the event is about a battery or a process.
    public var experiment: String? {
        switch content {
        case .event(let event): event.experiment?.text
        case .deletion(.deleteExperiment(let experiment, _)), .deletion(.thinCurve(let experiment, _)):
            experiment.text
        case .deletion(.deleteBattery), .deletion(.rebuild): nil
        }
    }

    /// The kind: one of those of the stream, or `delete`, `thin` or `rebuild`.
    public var kind: String {
        switch content {
        case .event(let event): event.body.kind.rawValue
        case .deletion(let command): command.kind
        }
    }

    /// The process whose sign of life this is; nil for any other event.
    var livingProducer: String? {
        guard case .event(let event) = content, case .alive(let producer) = event.body else { return nil }
        return producer.text
    }

    /// True for a command of an operator.
    var isCommand: Bool { if case .deletion = content { true } else { false } }

    /// True for a command that thins a learning curve.
    var isThinning: Bool { if case .deletion(.thinCurve) = content { true } else { false } }

    /// True for rows of a learning curve.
    var isCurveRow: Bool {
        guard case .event(let event) = content else { return false }
        switch event.body {
        case .epoch, .curve: return true
        default: return false
        }
    }

    /// The name of the declared battery; nil for any other event.
    var declaredName: String? {
        guard case .event(let event) = content, case .battery(let declaration) = event.body else { return nil }
        return declaration.name
    }

    /// The version of the declared battery; nil for any other event.
    var declaredVersion: Int? {
        guard case .event(let event) = content, case .battery(let declaration) = event.body else { return nil }
        return declaration.version
    }

    /// The object of the event on one line: `time event battery experiment`, then the keys of its kind, then `producer` and `seq`
    /// if the entry has them.
    public var json: String {
        var object = JSONObject()
        object.add("time", value: time)
        object.add("event", value: kind)
        object.add("battery", value: battery)
        guard case .event(let event) = content else {
            object.add("experiment", value: experiment)
            return object.text
        }
        if event.body.kind.hasExperiment || event.body.kind == .alive { object.add("experiment", value: experiment) }
        Self.add(event.body, to: &object)
        if let origin = event.origin {
            object.add("producer", value: origin.producer.text)
            object.add("seq", value: origin.seq)
        }
        return object.text
    }

    private static func add(_ body: Event.Body, to object: inout JSONObject) {
        switch body {
        case .battery(let declaration):
            object.add("name", value: declaration.name)
            object.add("version", value: declaration.version)
            object.add("description", value: declaration.description)
            object.add("objective", value: declaration.objective)
            object.add("direction", value: declaration.direction.rawValue)
        case .start(let start):
            object.add("host", value: start.host)
            object.add("pid", value: start.pid)
            object.add("seed", value: start.seed)
            object.add("attempt", value: start.attempt)
            object.add("from", value: start.from)
            // Only trials of a search have them.
            if let token = start.token { object.add("token", value: token.token) }
            if let asof = start.asof { object.add("asof", value: asof.description) }
        case .param(let entries, _):
            object.add("params", value: entries.map { NamedValue(name: $0.name, text: $0.value) })
        case .meta(let entries): object.add("meta", value: entries.map { NamedValue(name: $0.name, text: $0.value) })
        case .epoch(let epoch, let cells):
            object.add("epoch", value: epoch)
            object.add("values", json: Self.json(of: cells))
        case .curve(let first, let series):
            object.add("first", value: first)
            var values = JSONObject()
            for series in series { values.add(series.channel, array: series.numbers.map(JSONObject.json)) }
            object.add("values", json: values.text)
        case .maxima(let epoch, let cells):
            object.add("epoch", value: epoch)
            object.add("maxima", json: Self.json(of: cells))
        case .end(let status, let reason, let attempt):
            object.add("status", value: status.rawValue)
            object.add("reason", value: reason)
            if let attempt { object.add("attempt", value: attempt) }
        case .alive: break
        case .search(let search):
            object.add("search", value: search.id.text)
            object.add("name", value: search.name)
            object.add("seed", value: String(search.seed))
            object.add("trials", value: search.trials)
            object.add("sampler", value: search.sampler)
            object.add("attempts", value: search.attempts)
            object.add("lease", value: search.lease)
            if let rule = search.stopping {
                object.add("stopping", value: rule.kind.rawValue)
                object.add("stopping_epochs", value: rule.epochs)
                object.add("stopping_first", value: rule.first)
                object.add("stopping_factor", value: rule.factor)
            }
        case .claim(let search): object.add("search", value: search.text)
        case .enqueue(let search, let entries):
            object.add("search", value: search.text)
            object.add("params", value: entries.map { NamedValue(name: $0.name, text: $0.value) })
        }
    }

    private static func json(of cells: [CurveRow.Cell]) -> String {
        var object = JSONObject()
        for cell in cells { object.add(cell.channel, value: cell.number) }
        return object.text
    }

    /// The content in words, such as `epoch 7  train 0.91  valid 0.8`. Not escaped.
    public var summary: String {
        guard case .event(let event) = content else {
            return switch kind {
            case ControlField.thin: "learning curve thinned by an operator"
            case ControlField.rebuild: "rebuilt by an operator"
            default: "deleted by an operator"
            }
        }
        switch event.body {
        case .battery(let declaration): return "battery \(declaration.name), version \(declaration.version)"
        case .start(let start):
            let place = start.host.map { " on \($0)" } ?? ""
            return (start.from.map { "resumes from epoch \($0)" } ?? "starts") + place
        case .param(let entries, _), .meta(let entries):
            return
                ([event.body.kind.rawValue] + entries.prefix(Self.maxNamed).map { "\($0.name) \(shownText($0.value))" })
                .joined(separator: "  ")
        case .epoch(let epoch, let cells): return (["epoch \(epoch)"] + Self.texts(of: cells)).joined(separator: "  ")
        case .curve(let first, let series):
            let last = first + max((series.map(\.numbers.count).max() ?? 0) - 1, 0)
            let names = series.prefix(Self.maxNamed).map(\.channel)
            return "curve of epochs \(first) to \(last)  \(names.joined(separator: "  "))"
        case .maxima(let epoch, let cells):
            return (["maxima" + (epoch.map { " at epoch \($0)" } ?? "")] + Self.texts(of: cells)).joined(
                separator: "  ")
        case .end(let status, let reason, _): return status.rawValue + (reason.map { ": \($0)" } ?? "")
        case .alive: return "alive"
        case .search(let search): return "search \(search.name) of \(search.trials) trials, seed \(search.seed)"
        case .claim(let search): return "claims a trial of \(search.text)"
        case .enqueue(let search, let entries):
            return
                (["enqueues for \(search.text)"]
                + entries.prefix(Self.maxNamed).map { "\($0.name) \(shownText($0.value))" })
                .joined(separator: "  ")
        }
    }

    /// The number of values that a line names: one line of a screen has no room for more.
    private static let maxNamed = 8

    private static func texts(of cells: [CurveRow.Cell]) -> [String] {
        cells.prefix(maxNamed).map {
            "\($0.channel) \(isShownAsWritten($0.number.text) ? $0.number.text : numberText($0.number.value))"
        }
    }
}
