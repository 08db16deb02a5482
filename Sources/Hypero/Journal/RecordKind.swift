import HyperoSchema

/// The kind of a record. The raw value is stored in the file.
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

    /// The value of the `event` field on the wire.
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

    /// true if the payload consists of channels of doubles, false if it consists of fields of text.
    var holdsNumbers: Bool {
        switch self {
        case .epoch, .curve, .maxima: true
        case .battery, .start, .param, .meta, .end: false
        }
    }
}
