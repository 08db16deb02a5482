/// The text of a result, written line by line.
package struct Page {
    let display: Display
    /// The time from which ages are measured, in Unix milliseconds.
    let now: Int64
    /// The advice to print with notes and with hidden columns.
    let advice: [AdviceTopic: String]
    /// True if unsafe characters are escaped: always in a table, which people read, and on a terminal.
    let escapes: Bool
    /// True if formulas in CSV are made text.
    let guardsFormulas: Bool
    private(set) var text = ""

    init(
        _ display: Display, now: Int64, advice: [AdviceTopic: String] = [:], escapes: Bool = true,
        guardsFormulas: Bool = false
    ) {
        self.display = display
        self.now = now
        self.advice = advice
        self.escapes = escapes
        self.guardsFormulas = guardsFormulas
    }

    /// A piece of a line in one style.
    struct Span {
        var text: String
        var style = Style.plain

        init(_ text: String, style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    /// Returns the text as the page writes it.
    func escaped(_ text: String) -> String { escapes ? escapedText(text) : text }

    /// Writes a line. All output passes this function, which escapes the text.
    mutating func line(_ spans: [Span], ending: String = "\n") {
        for span in spans {
            let escaped = escaped(span.text)
            text += display.usesColor ? span.style.applied(to: escaped) : escaped
        }
        text += ending
    }

    /// Writes a line in one style.
    mutating func line(_ text: String = "", style: Style = .plain, ending: String = "\n") {
        line([Span(text, style: style)], ending: ending)
    }

    /// Writes the notes with their advice, after an empty line.
    mutating func write(_ notes: [Note]) {
        guard !notes.isEmpty else { return }
        line()
        for note in notes { line(note.text(with: advice), style: .dim) }
    }
}
