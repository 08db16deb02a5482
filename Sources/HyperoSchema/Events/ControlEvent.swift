/// A command of an operator: one entry of `{hypero}:control` (``ControlField``).
package enum ControlEvent: Sendable, Hashable {
    /// Removes an experiment with all its keys. Later events of the experiment are dropped. The battery is the one whose list
    /// and rankings contain the experiment, if its hash does not tell.
    case deleteExperiment(ExperimentID, of: BatteryID? = nil)
    /// Removes a battery and its experiments with all their keys. Later events of the battery are dropped until the battery
    /// is declared at a later time.
    case deleteBattery(BatteryID)
    /// Removes rows of an experiment's learning curves. All else stays.
    case thinCurve(ExperimentID, CurveLimit)
    /// Derives the lists, rankings, columns and maxima of a battery again, or of all batteries for nil.
    case rebuild(BatteryID?)

    /// Decodes an entry. Its condition is a ``ControlCondition``.
    ///
    /// - Throws: ``Rejection`` if a field is missing, repeated or not allowed, or if its value is invalid.
    package init(fields: [(name: String, value: String)]) throws(Rejection) {
        var values: [String: String] = [:]
        for (name, value) in fields {
            guard values.updateValue(value, forKey: name) == nil else {
                throw .repeated(printable(name))
            }
        }
        guard let event = values.removeValue(forKey: ControlField.event) else {
            throw Rejection("the field '\(ControlField.event)' is missing")
        }
        guard [ControlField.delete, ControlField.thin, ControlField.rebuild].contains(event) else {
            throw Rejection(
                "the field '\(ControlField.event)' must be '\(ControlField.delete)', '\(ControlField.thin)' or "
                    + "'\(ControlField.rebuild)', not '\(printable(event, limit: 48))'")
        }
        let isRebuild = event == ControlField.rebuild
        let experiment = isRebuild ? nil : values.removeValue(forKey: ControlField.experiment)
        if experiment != nil { _ = try ControlCondition.remove(from: &values) }
        if event == ControlField.thin {
            self = try Self.thinning(experiment, &values)
            return
        }
        let battery = values.removeValue(forKey: ControlField.battery)
        if let name = values.keys.min() {
            throw Rejection("the field '\(printable(name, limit: 48))' is not allowed in an event '\(event)'")
        }
        guard !isRebuild else {
            let id = battery.flatMap { BatteryID($0) }
            if let battery, id == nil { throw Self.invalid(ControlField.battery, battery) }
            self = .rebuild(id)
            return
        }
        switch (experiment, battery) {
        case (let text?, let battery):
            guard let id = ExperimentID(text) else { throw Self.invalid(ControlField.experiment, text) }
            let batteryID = battery.flatMap { BatteryID($0) }
            if let battery, batteryID == nil { throw Self.invalid(ControlField.battery, battery) }
            self = .deleteExperiment(id, of: batteryID)
        case (nil, let text?):
            guard let id = BatteryID(text) else { throw Self.invalid(ControlField.battery, text) }
            self = .deleteBattery(id)
        case (nil, nil):
            throw Rejection(
                "an event '\(event)' must have the field '\(ControlField.experiment)' or '\(ControlField.battery)'")
        }
    }

    private static func thinning(
        _ experiment: String?, _ values: inout [String: String]
    ) throws(Rejection) -> ControlEvent {
        let rows = values.removeValue(forKey: ControlField.rows)
        if let name = values.keys.min() {
            throw Rejection(
                "the field '\(printable(name, limit: 48))' is not allowed in an event '\(ControlField.thin)'")
        }
        guard let experiment else {
            throw Rejection("an event '\(ControlField.thin)' must have the field '\(ControlField.experiment)'")
        }
        guard let id = ExperimentID(experiment) else { throw invalid(ControlField.experiment, experiment) }
        guard let rows else { return .thinCurve(id, .maxima) }
        guard let count = Int(rows), CurveLimit.counts.contains(count) else {
            throw Rejection(
                "the field '\(ControlField.rows)' must be between \(CurveLimit.counts.lowerBound) and "
                    + "\(CurveLimit.counts.upperBound), not '\(printable(rows, limit: 48))'")
        }
        return .thinCurve(id, .rows(count))
    }

    private static func invalid(_ field: String, _ value: String) -> Rejection {
        Rejection("the field '\(field)' must be an id, not '\(printable(value, limit: 48))'")
    }

    /// The kind and the id of what is removed or rebuilt, for messages.
    package var subject: String {
        switch self {
        case .deleteExperiment(let id, _), .thinCurve(let id, _): "experiment \(id.text)"
        case .deleteBattery(let id), .rebuild(let id?): "battery \(id.text)"
        case .rebuild(nil): "all batteries"
        }
    }

    /// The experiment; nil if the command is about batteries.
    package var experiment: ExperimentID? {
        switch self {
        case .deleteExperiment(let id, _), .thinCurve(let id, _): id
        case .deleteBattery, .rebuild: nil
        }
    }

    /// The kind of the event: `delete`, `thin` or `rebuild`.
    package var kind: String {
        switch self {
        case .deleteExperiment, .deleteBattery: ControlField.delete
        case .thinCurve: ControlField.thin
        case .rebuild: ControlField.rebuild
        }
    }

    /// The fields of the entry.
    package var fields: [(name: String, value: String)] {
        let subject: [(name: String, value: String)]
        switch self {
        case .deleteExperiment(let id, let battery):
            subject =
                [(ControlField.experiment, id.text)] + (battery.map { [(ControlField.battery, $0.text)] } ?? [])
        case .deleteBattery(let id): subject = [(ControlField.battery, id.text)]
        case .thinCurve(let id, .maxima): subject = [(ControlField.experiment, id.text)]
        case .thinCurve(let id, .rows(let count)):
            subject = [(ControlField.experiment, id.text), (ControlField.rows, String(count))]
        case .rebuild(let id): subject = id.map { [(ControlField.battery, $0.text)] } ?? []
        }
        return [(ControlField.event, kind)] + subject
    }
}
