/// Shows how far the experiments are: a bar that is drawn over itself on a terminal, else a line every tenth of the way.
struct ProgressBar {
    /// On a terminal, the columns there are; nil elsewhere.
    let columns: Int?
    private var lastTenth = 0
    private var lastLine = ""

    init(columns: Int?) { self.columns = columns }

    /// What to write to show this state; empty when it looks as before.
    mutating func update(_ tally: Tally) -> String {
        guard let columns else {
            let tenth = Int(tally.progress * 10)
            guard tenth > lastTenth else { return "" }
            lastTenth = tenth
            return "hypero-demo: \(Self.caption(tally))\n"
        }
        let line = Self.line(tally, columns: columns)
        guard line != lastLine else { return "" }
        lastLine = line
        return "\r\u{1B}[K" + line
    }

    /// Whether the cursor stands behind a bar, so that what follows needs a new line.
    var isDrawn: Bool { columns != nil && !lastLine.isEmpty }

    /// What to write before a message: it takes the place of the bar, which the next update draws again below.
    mutating func clear() -> String {
        guard isDrawn else { return "" }
        lastLine = ""
        return "\r\u{1B}[K"
    }

    /// The bar and its caption; the bar takes what the caption leaves of the line, and goes where that is too little.
    static func line(_ tally: Tally, columns: Int) -> String {
        let caption = caption(tally)
        // The last column stays free: a character there makes some terminals begin a new line.
        let room = min(columns - 1 - caption.count - 3, 40)
        guard room >= 5 else { return String(caption.prefix(max(columns - 1, 0))) }
        let filled = Int(tally.progress * Double(room))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled) + "] "
            + caption
    }

    private static func caption(_ tally: Tally) -> String {
        let percent = Int(tally.progress * 100)
        let best = tally.bestValid.map { ", best valid \($0.formatted4)" } ?? ""
        return "\(percent) %, \(tally.endedCount) of \(tally.experiments) experiments\(best)"
    }
}
