import ChaosLog
import HyperoSchema

/// The calls of one thread for one experiment, in order.
struct History {
    struct Call {
        var body: Event.Body
        /// False if the outcome of the call is indeterminate: the thread was killed before it recorded the next line, or
        /// the client dropped an event during the call that another thread may have logged.
        var isConfirmed: Bool
    }

    let id: ExperimentID
    let battery: BatteryID
    var calls: [Call]

    /// Returns the declaration of a battery in ``ChaosBattery/all``.
    static func declaration(_ index: Int) -> Event.Declaration {
        let battery = ChaosBattery.all[index]
        return Event.Declaration(
            name: battery.name, version: battery.version, description: battery.description,
            objective: battery.objective, direction: battery.isMinimized ? .min : .max)
    }

    /// Returns the id of a battery in ``ChaosBattery/all``.
    static func battery(_ index: Int) -> BatteryID {
        let battery = ChaosBattery.all[index]
        return BatteryID(name: battery.name, version: battery.version, description: battery.description)
    }
}

extension Event.Body {
    /// The event of a producer's call; nil for a line that describes no call or a call with several events.
    init?(_ line: SideLine) {
        switch line {
        case .param(let name, let value): self = .param([Event.Entry(name: name, value: String(value))])
        case .meta(let name, let value): self = .meta([Event.Entry(name: name, value: String(value))])
        case .row(let epoch, let valid):
            self = .epoch(epoch, [CurveRow.Cell("valid", Number(valid)), CurveRow.Cell("tick", Number(.nan))])
        case .curve(let first, let losses):
            self = .curve(first: first, [Event.Series("loss", losses.map { Number($0) })])
        case .maxima(let epoch, let valid): self = .maxima(epoch: epoch, [CurveRow.Cell("valid", Number(valid))])
        case .end: self = .end(.done, reason: nil)
        case .client, .begin, .began, .over: return nil
        }
    }
}
