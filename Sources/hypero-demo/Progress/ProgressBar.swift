/// The progress of a run as text: on a terminal a bar that is redrawn in place, elsewhere a line per tenth of the run.
struct ProgressBar {
    /// The width of the terminal in characters; nil if the output is not a terminal.
    let columns: Int?
    private var lastTenth = 0
    private var lastLine = ""

    init(columns: Int?) { self.columns = columns }

    /// Returns the text to write for this progress; empty if nothing has changed.
    mutating func update(_ progress: RunProgress) -> String {
        guard let columns else {
            let tenth = Int(progress.fraction * 10)
            guard tenth > lastTenth else { return "" }
            lastTenth = tenth
            return "hypero-demo: \(Self.caption(progress))\n"
        }
        let line = Self.line(progress, columns: columns)
        guard line != lastLine else { return "" }
        lastLine = line
        return Self.eraseLine + line
    }

    /// True if the cursor is at the end of a bar, so that other text must start on a new line.
    var isDrawn: Bool { columns != nil && !lastLine.isEmpty }

    /// Returns the text to write before a message. It erases the bar; the next update draws the bar below the message.
    mutating func clear() -> String {
        guard isDrawn else { return "" }
        lastLine = ""
        return Self.eraseLine
    }

    /// Returns the bar and its caption. The bar is omitted if the caption leaves too little room.
    static func line(_ progress: RunProgress, columns: Int) -> String {
        let caption = caption(progress)
        // The last column stays empty: some terminals wrap the line after a character there.
        let width = min(columns - 1 - caption.count - 3, 40)
        guard width >= 5 else { return String(caption.prefix(max(columns - 1, 0))) }
        let filled = Int(progress.fraction * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "[\(bar)] \(caption)"
    }

    private static let eraseLine = "\r\u{1B}[K"

    private static func caption(_ progress: RunProgress) -> String {
        let percent = Int(progress.fraction * 100)
        let best = progress.bestValid.map { ", best valid \($0.fourDecimals)" } ?? ""
        return "\(percent) %, \(progress.endedCount) of \(progress.experiments) experiments\(best)"
    }
}
