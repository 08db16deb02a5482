import HyperoSchema

/// The style of a piece of text. The raw value is a parameter of Select Graphic Rendition (ECMA-48).
enum Style: String {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    /// The style of a status.
    init(_ status: ExperimentStatus?) {
        switch status {
        case .running: self = .cyan
        case .done: self = .green
        case .failed, .lost: self = .red
        case .stopped: self = .yellow
        case nil: self = .dim
        }
    }

    /// Returns the text between the escape sequences of the style.
    func applied(to text: String) -> String {
        self == .plain || text.isEmpty ? text : "\u{1B}[\(rawValue)m\(text)\u{1B}[0m"
    }
}
