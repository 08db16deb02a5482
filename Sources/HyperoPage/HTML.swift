import HyperoQuery

/// Text of a page in HTML, with names that are always text.
struct HTML {
    private(set) var text = ""

    /// Appends markup of the program itself.
    mutating func markup(_ text: StaticString) { self.text += text.description }

    /// Appends a text, whose characters are no markup. Characters that could disguise a name are escaped as in a table.
    mutating func write(_ text: String) { self.text += ChartDocument.escaped(text) }

    /// Appends a name that others chose, isolated from the direction of the text around it.
    mutating func name(_ text: String) {
        markup("<bdi>")
        write(text)
        markup("</bdi>")
    }

    /// Appends an element with a text.
    ///
    /// - Parameters:
    ///   - element: the name of the element.
    ///   - attributes: markup of the program: ` class="value"`.
    mutating func element(_ element: StaticString, _ attributes: StaticString = "", text: String) {
        open(element, attributes)
        write(text)
        close(element)
    }

    mutating func open(_ element: StaticString, _ attributes: StaticString = "") {
        text += "<\(element)\(attributes)>"
    }

    mutating func close(_ element: StaticString) { text += "</\(element)>\n" }

    /// Appends text that is safe as it is: the style, the script, a drawing and the data.
    mutating func verbatim(_ text: String) { self.text += text }
}
