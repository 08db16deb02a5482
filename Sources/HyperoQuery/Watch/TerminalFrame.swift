/// A screen as the bytes that replace the one before it.
///
/// Every line is overwritten from the top of the screen, and the rest of it is cleared after its last character. The screen is never
/// cleared as a whole, which flickers, and terminals that know synchronised output show it at once:
/// <https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036>.
package enum TerminalFrame {
    /// Begins the alternate screen, hides the cursor, and asks for marks around pasted text.
    package static let begin = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?2004h"
    /// Ends the marks, shows the cursor and returns to the usual screen.
    package static let end = "\u{1B}[?2004l\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"
    /// Hides the cursor that a frame has shown.
    package static let cursorEnd = "\u{1B}[?25l"

    /// Returns the text of a frame.
    ///
    /// - Parameter lines: at most as many lines as the terminal has rows, each narrower than the terminal: after a character in the last
    ///   column, the cursor would stay on it, and clearing the rest of the line would clear it.
    /// - Parameter cursor: the column of the cursor in the last line, from 0; nil to leave the cursor hidden.
    package static func text(of lines: [String], cursor: Int? = nil) -> String {
        let shown = cursor.map { "\u{1B}[\(lines.count);\($0 + 1)H\u{1B}[?25h" } ?? ""
        return "\u{1B}[?2026h\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
            + "\u{1B}[J\(shown)\u{1B}[?2026l"
    }
}

/// Returns a line cut to a number of columns. Escape sequences of styles have no width.
///
/// - Parameter line: escaped text, in which the only control characters are those of styles.
func cutLine(_ line: String, toWidth width: Int, ellipsis: String) -> String {
    guard line.utf8.count > width else { return line }
    var result = ""
    var used = 0
    var pending = ""
    func add(_ text: String) {
        if pending.isEmpty { result += text } else { pending += text }
    }
    // A mark that combines with the last character of a style is a part of the text.
    var rest = line.unicodeScalars[...]
    while let first = rest.first {
        if first == "\u{1B}" {
            let end = rest.firstIndex(of: "m").map { rest.index(after: $0) } ?? rest.endIndex
            add(String(rest[..<end]))
            rest = rest[end...]
            continue
        }
        let run = String(rest[..<(rest.firstIndex(of: "\u{1B}") ?? rest.endIndex)])
        rest = rest.dropFirst(run.unicodeScalars.count)
        for character in run {
            used += textWidth(String(character))
            if used > width {
                return result + ellipsis + (line.utf8.contains(0x1B) ? "\u{1B}[0m" : "")
            }
            // The last column is kept for the ellipsis until it is known that nothing follows.
            if used == width { pending.append(character) } else { add(String(character)) }
        }
    }
    return result + pending
}
