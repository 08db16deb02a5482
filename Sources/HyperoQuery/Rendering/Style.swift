import HyperoSchema

/// How a piece of text looks on a terminal that can colour.
enum Style: String {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    /// The text in this style: Select Graphic Rendition of ECMA-48.
    func applied(to text: String) -> String {
        self == .plain || text.isEmpty ? text : "\u{1B}[\(rawValue)m\(text)\u{1B}[0m"
    }

    init(_ status: ExperimentStatus?) {
        switch status {
        case .running: self = .cyan
        case .done: self = .green
        case .failed: self = .red
        case .stopped: self = .yellow
        case nil: self = .dim
        }
    }
}
