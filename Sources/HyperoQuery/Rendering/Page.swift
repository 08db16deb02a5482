/// An answer as it is written, line by line.
package struct Page {
    let display: Display
    /// What "ago" is measured from, in Unix milliseconds.
    let now: Int64
    private(set) var text = ""

    init(_ display: Display, now: Int64) {
        self.display = display
        self.now = now
    }

    /// A piece of a line.
    struct Span {
        var text: String
        var style = Style.plain

        init(_ text: String, _ style: Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    /// Adds a line. Everything that is shown comes through here, and is made visible here.
    mutating func line(_ spans: [Span], ending: String = "\n") {
        for span in spans {
            let visible = display.visible(span.text)
            text += display.usesColor ? span.style.applied(to: visible) : visible
        }
        text += ending
    }

    /// Adds a line.
    mutating func line(_ text: String = "", _ style: Style = .plain, ending: String = "\n") {
        line([Span(text, style)], ending: ending)
    }
}
