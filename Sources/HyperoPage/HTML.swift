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

    /// Appends the begin of a document up to its body.
    ///
    /// - Parameters:
    ///   - policy: the rules of the browser for scripts, styles and requests.
    ///   - nonce: the text of letters and digits that the policy allows for the style.
    mutating func head(title: String, policy: String, nonce: String) {
        markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        markup("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"generator\" content=\"hypero\">\n")
        verbatim("<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\">\n")
        // Without it, a browser asks the server for one.
        markup("<link rel=\"icon\" href=\"data:,\">\n")
        element("title", text: title)
        verbatim("<style nonce=\"\(nonce)\">\n\(PageAssets.style)</style>\n")
        markup("</head>\n<body>\n")
    }

    /// Appends the first warnings, and the number of the others.
    mutating func warnings(_ warnings: [String]) {
        for warning in warnings.prefix(Self.maxWarnings) {
            element("p", " class=\"warning\"", text: warning)
        }
        guard warnings.count > Self.maxWarnings else { return }
        element("p", " class=\"warning\"", text: "\(warnings.count - Self.maxWarnings) more warnings")
    }

    private static let maxWarnings = 5

    /// Appends text that is safe as it is: the style, the script, a drawing and the data.
    mutating func verbatim(_ text: String) { self.text += text }
}
