/// The text of a result, written line by line.
package struct Page {
    let display: Display
    /// The time from which ages are measured, in Unix milliseconds.
    let now: Int64
    /// The advice to print below a table with hidden columns.
    let hiddenColumnsAdvice: String?
    private(set) var text = ""

    init(_ display: Display, now: Int64, hiddenColumnsAdvice: String? = nil) {
        self.display = display
        self.now = now
        self.hiddenColumnsAdvice = hiddenColumnsAdvice
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

    /// Writes a line. All output passes this function, which escapes the text for the display.
    mutating func line(_ spans: [Span], ending: String = "\n") {
        for span in spans {
            let escaped = display.escaped(span.text)
            text += display.usesColor ? span.style.applied(to: escaped) : escaped
        }
        text += ending
    }

    /// Writes a line in one style.
    mutating func line(_ text: String = "", style: Style = .plain, ending: String = "\n") {
        line([Span(text, style: style)], ending: ending)
    }
}
