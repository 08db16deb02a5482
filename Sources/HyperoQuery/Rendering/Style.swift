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
    // The colours of curves, from the 256 of xterm: the nearest ones to those of M. Okabe and K. Ito, which people with any colour
    // vision tell apart. <https://jfly.uni-koeln.de/color/>. Their black is grey here, because the background may be black.
    case curveBlue = "38;5;31"
    case curveVermillion = "38;5;166"
    case curveGreen = "38;5;36"
    case curveOrange = "38;5;178"
    case curvePurple = "38;5;175"
    case curveSkyBlue = "38;5;74"
    case curveYellow = "38;5;221"
    case curveGray = "38;5;245"

    /// The colours of the curves of a chart, in order.
    static let curves: [Style] = [
        .curveBlue, .curveVermillion, .curveGreen, .curveOrange, .curvePurple, .curveSkyBlue, .curveYellow, .curveGray,
    ]
    case reversed = "7"

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
