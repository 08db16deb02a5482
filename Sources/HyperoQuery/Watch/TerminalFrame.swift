/// A screen as the bytes that replace the one before it.
///
/// Every line is overwritten from the top of the screen, and the rest of it is cleared after its last character. The screen is never
/// cleared as a whole, which flickers, and terminals that know synchronised output show it at once:
/// <https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036>.
package enum TerminalFrame {
    /// Begins the alternate screen and hides the cursor.
    package static let begin = "\u{1B}[?1049h\u{1B}[?25l"
    /// Shows the cursor and returns to the usual screen.
    package static let end = "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"

    /// Returns the text of a frame.
    ///
    /// - Parameter lines: at most as many lines as the terminal has rows, each narrower than the terminal: after a character in the last
    ///   column, the cursor would stay on it, and clearing the rest of the line would clear it.
    package static func text(of lines: [String]) -> String {
        "\u{1B}[?2026h\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J\u{1B}[?2026l"
    }
}

/// Returns a line cut to a number of columns. Escape sequences of styles have no width.
///
/// - Parameter line: escaped text, in which the only control characters are those of styles.
func cutLine(_ line: String, toWidth width: Int, ellipsis: String) -> String {
    guard line.utf8.count > width else { return line }
    var result = ""
    var used = 0
    var isInStyle = false
    var pending = ""
    for character in line {
        if isInStyle || character == "\u{1B}" {
            isInStyle = character != "m"
            if pending.isEmpty { result.append(character) } else { pending.append(character) }
            continue
        }
        used += textWidth(String(character))
        if used > width {
            return result + ellipsis + (line.utf8.contains(0x1B) ? "\u{1B}[0m" : "")
        }
        // The last column is kept for the ellipsis until it is known that nothing follows.
        if used == width { pending.append(character) } else { result.append(character) }
    }
    return result + pending
}
