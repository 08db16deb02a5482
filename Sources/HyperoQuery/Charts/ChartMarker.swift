/// The characters that a chart in a terminal is drawn with.
package enum ChartMarker: String, Sendable, Hashable, CaseIterable {
    /// Braille patterns: 2 dots by 4 dots per character. Needs a font that has them.
    case braille
    /// Half blocks: 1 dot by 2 dots per character.
    case block
    /// The characters `.`, `'` and `*`: 1 dot by 2 dots per character, on every terminal.
    case ascii

    /// The dots of a character, across and down.
    var dots: (across: Int, down: Int) { self == .braille ? (2, 4) : (1, 2) }

    /// Returns the marker that a display can show.
    ///
    /// - Parameter terminal: the value of the variable TERM; nil if it is not set.
    package static func usual(for display: Display, terminal: String?) -> ChartMarker {
        // The console of Linux has few characters, and a dumb terminal none to rely on.
        guard display.isUnicode, terminal != "linux", terminal != "dumb" else { return .ascii }
        return .braille
    }

    /// Returns the character of a set of dots, of which bit `across * down * column + row` stands for one.
    func character(_ set: UInt8) -> Character {
        guard set != 0 else { return " " }
        switch self {
        case .braille:
            // Unicode numbers the dots of the first three rows by columns, and then those of the fourth row.
            let bits: [UInt32] = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80]
            let pattern = (0..<8).reduce(UInt32(0)) { $0 | (set & 1 << UInt8($1) == 0 ? 0 : bits[$1]) }
            return Unicode.Scalar(0x2800 + pattern).map { Character($0) } ?? " "
        case .block: return set == 1 ? "▀" : set == 2 ? "▄" : "█"
        case .ascii: return set == 1 ? "'" : set == 2 ? "." : "*"
        }
    }

    /// The characters of the axes.
    var axes: AxisCharacters { self == .ascii ? .ascii : .boxes }
}

/// The characters that the axes of a chart are drawn with.
struct AxisCharacters {
    let vertical: String
    let verticalTick: String
    let corner: String
    let horizontal: String
    let horizontalTick: String

    static let boxes = AxisCharacters(
        vertical: "│", verticalTick: "┤", corner: "└", horizontal: "─", horizontalTick: "┬")
    static let ascii = AxisCharacters(
        vertical: "|", verticalTick: "+", corner: "+", horizontal: "-", horizontalTick: "+")
}
