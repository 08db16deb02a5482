import HyperoSchema

/// The kinds of records in a journal; the raw value is a byte on disk.
enum RecordKind: UInt8 {
    case battery = 1
    case start = 2
    case param = 3
    case meta = 4
    case epoch = 5
    case curve = 6
    case maxima = 7
    case end = 8

    init(_ kind: EventKind) {
        self =
            switch kind {
            case .battery: .battery
            case .start: .start
            case .param: .param
            case .meta: .meta
            case .epoch: .epoch
            case .curve: .curve
            case .maxima: .maxima
            case .end: .end
            }
    }

    /// The `event` field.
    var event: StaticString {
        switch self {
        case .battery: "battery"
        case .start: "start"
        case .param: "param"
        case .meta: "meta"
        case .epoch: "epoch"
        case .curve: "curve"
        case .maxima: "maxima"
        case .end: "end"
        }
    }

    /// Whether the payload is channels of doubles; else it is fields of text.
    var holdsNumbers: Bool {
        switch self {
        case .epoch, .curve, .maxima: true
        case .battery, .start, .param, .meta, .end: false
        }
    }
}
