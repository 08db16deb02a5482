import ChaosLog
import HyperoSchema

/// What a thread logged about one experiment, in order.
struct History {
    struct Call {
        var body: Event.Body
        /// False when the thread was killed before it could say that the call was made, and when the client dropped
        /// something meanwhile that may have been this.
        var isSure: Bool
    }

    let id: ExperimentID
    let battery: BatteryID
    var calls: [Call]

    /// The declaration of a battery that chaos producers log to.
    static func declaration(_ index: Int) -> Event.Declaration {
        let battery = ChaosBattery.all[index]
        return Event.Declaration(
            name: battery.name, version: battery.version, description: battery.description,
            objective: battery.objective, direction: battery.isMinimized ? .min : .max)
    }

    static func battery(_ index: Int) -> BatteryID {
        let battery = ChaosBattery.all[index]
        return BatteryID(name: battery.name, version: battery.version, description: battery.description)
    }
}

extension Event.Body {
    /// The event that a producer's call makes; nil for a line that tells of no call, or of more than one event.
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
