/// Charts one below the other as a self-contained SVG document.
///
/// The document has no script, no link and no font of its own. It has the colours of the reader's preference, light or dark.
/// Names are text: whatever characters they have, they are no elements, attributes or entities.
package struct ChartDocument: Sendable, Hashable {
    package var charts: [Chart]

    package init(_ charts: [Chart]) {
        self.charts = charts
    }

    /// The width of the document in user units, pixels at its natural size.
    static let width = 840.0
    static let chartHeight = 440.0

    /// The text of the document.
    package var svg: String {
        let height = Self.chartHeight * Double(max(charts.count, 1))
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(Self.width)) \(Self.number(height))" \
            width="\(Self.number(Self.width))" height="\(Self.number(height))" role="img">
            <title>\(Self.escaped(charts.map(\.title).joined(separator: ". ")))</title>
            <style>
            \(Self.style)
            </style>
            <rect class="paper" width="100%" height="100%"/>

            """
        for (index, chart) in charts.enumerated() {
            text += "<g transform=\"translate(0 \(Self.number(Self.chartHeight * Double(index))))\">\n"
            text += ChartDrawing(chart).elements
            text += "</g>\n"
        }
        return text + "</svg>\n"
    }

    /// The colours of Okabe and Ito, <https://jfly.uni-koeln.de/color/>. Their yellow is darker here, because it is invisible on
    /// white, and all are lighter on black. The order is that of the terminal.
    private static let curveColors: [(light: String, dark: String)] = [
        ("#0072b2", "#3f97d6"), ("#d55e00", "#f0803c"), ("#009e73", "#2fc597"), ("#e69f00", "#f2b63d"),
        ("#cc79a7", "#e39cc3"), ("#56b4e9", "#9ad4f7"), ("#b8aa00", "#f0e442"), ("#767676", "#a8a8a8"),
    ]

    /// The number of colours of curves.
    static var colorCount: Int { curveColors.count }

    private static var style: String {
        let curves = curveColors.enumerated()
        return """
            text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; fill: #1f2328; }
            .name { unicode-bidi: isolate; }
            .title { font-weight: 600; font-size: 15px; }
            .tick { fill: #59636e; font-size: 12px; font-variant-numeric: tabular-nums; }
            .paper { fill: #ffffff; }
            .grid { stroke: #e4e8ec; }
            .axis { stroke: #8c959f; }
            .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
            .others { stroke: #c4cad1; }
            .dots { stroke: none; }
            .dots.others { fill: #c4cad1; }
            \(curves.map { ".c\($0) { stroke: \($1.light); } .dots.c\($0) { stroke: none; fill: \($1.light); }" }
                .joined(separator: "\n"))
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; }
            .tick { fill: #9198a1; }
            .paper { fill: #0d1117; }
            .grid { stroke: #232a33; }
            .axis { stroke: #656c76; }
            .others { stroke: #444c56; }
            .dots.others { fill: #444c56; }
            \(curves.map { ".c\($0) { stroke: \($1.dark); } .dots.c\($0) { stroke: none; fill: \($1.dark); }" }
                .joined(separator: "\n"))
            }
            """
    }

    /// Returns a length with at most one decimal.
    static func number(_ value: Double) -> String {
        let text = ((value * 10).rounded() / 10).description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Returns text as the content of an element or the value of an attribute. Characters that could disguise a name, and those
    /// that XML does not allow, are escaped as in a table.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in escapedText(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Not characters of XML 1.0: <https://www.w3.org/TR/xml/#charsets>.
            case "\u{FFFE}", "\u{FFFF}": result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
