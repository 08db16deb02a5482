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

    /// Writes a text that is broken between words if the display is too narrow for it in one line. A word that is wider than the
    /// display has a line of its own.
    mutating func paragraph(_ spans: [Span], indent: Int = 0) {
        let space = String(repeating: " ", count: indent)
        guard let width = display.width else {
            line([Span(space)] + spans)
            return
        }
        var current = [Span(space)]
        var used = indent
        func add(_ text: String, style: Style) {
            if current[current.count - 1].style == style {
                current[current.count - 1].text += text
            } else {
                current.append(Span(text, style: style))
            }
        }
        for span in spans {
            for (index, part) in span.text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
                let word = String(part)
                let wordWidth = textWidth(escaped(word))
                // The first word of a span may continue the last one of the span before it.
                if index > 0, used > indent, used + 1 + wordWidth > width {
                    line(current)
                    (current, used) = ([Span(space)], indent)
                } else if index > 0 {
                    add(" ", style: span.style)
                    used += 1
                }
                add(word, style: span.style)
                used += wordWidth
            }
        }
        line(current)
    }

    /// Writes a text in one style as ``paragraph(_:indent:)`` does.
    mutating func paragraph(_ text: String, style: Style = .plain, indent: Int = 0) {
        paragraph([Span(text, style: style)], indent: indent)
    }

    /// The width of a name from which on it moves the values of the others no further.
    private static let maxNameWidth = 40

    /// Writes one line per name and value, with the values aligned. A long value is whole, and the terminal wraps it.
    mutating func list(_ items: [(name: String, value: String)]) {
        let names = items.map { escaped($0.name) }
        let nameWidth = names.reduce(0) { max($0, min(textWidth($1), Self.maxNameWidth)) }
        for (name, item) in zip(names, items) {
            let space = String(repeating: " ", count: max(nameWidth - textWidth(name), 0) + 2)
            line([Span(name, style: .dim), Span(space), Span(item.value)])
        }
    }

    /// Writes the values that are equal in all rows of a table in one line, as many as the display has room for, and the number
    /// of the others.
    ///
    /// - Parameters:
    ///   - texts: the names and values, escaped.
    ///   - count: the number of all values.
    mutating func constants(_ texts: [String], count total: Int) {
        func line(_ count: Int) -> String {
            let more = total > count ? " and \(total - count) more" : ""
            return "same in all rows: \(texts.prefix(count).joined(separator: ", "))\(more)"
        }
        var count = texts.count
        if let width = display.width {
            while count > 1, textWidth(line(count)) > width { count -= 1 }
        }
        paragraph(line(count), style: .dim)
    }

    /// Writes the notes with their advice, after an empty line.
    mutating func write(_ notes: [Note]) {
        guard !notes.isEmpty else { return }
        line()
        for note in notes { paragraph(note.text(with: advice), style: .dim) }
    }
}
