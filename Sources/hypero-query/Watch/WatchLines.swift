import Glibc
import HyperoCore
import HyperoQuery

/// The changes of a watched result as lines, for a pipe or a file.
struct WatchLines {
    /// The form of a change.
    enum Form {
        /// One JSON object per event and per changed row.
        case events
        /// One JSON object per changed row.
        case rows
        /// The whole table of a ranking after each change.
        case table(advice: (Leaderboard) -> [AdviceTopic: String])
    }

    private let mailbox: WatchMailbox
    private let form: Form
    private let display: Display
    private var end: SessionEnd
    private var board: WatchBoard?
    private var hasProblem = false
    /// The descriptor of signals.
    private var signals: Int32 = -1
    /// True if the session has ended while the reader took no output.
    private var isOver = false

    init(_ mailbox: WatchMailbox, form: Form, display: Display, end: SessionEnd) {
        self.mailbox = mailbox
        self.form = form
        self.display = display
        self.end = end
    }

    /// Writes changes until a signal, the end of the reader or ``SessionEnd`` ends the session.
    mutating func run() throws {
        signals = try SessionSignals.start(isScreen: false)
        defer { mailbox.close() }
        while true {
            for update in mailbox.take() {
                try write(update)
                if end.count == 0 || isOver { return }
            }
            if let time = end.time, .now >= time { return }
            let ready = waitForInput(
                of: [signals, mailbox.updatesPipe.readEnd], output: STDOUT_FILENO, until: end.time)
            if ready.contains(STDOUT_FILENO) { return }
            if ready.contains(signals), !SessionSignals.take().isEmpty { return }
        }
    }

    private mutating func write(_ update: WatchUpdate) throws {
        switch update {
        case .events(let events):
            if case .events = form { try write(events.map(\.json)) }
        case .board(let new, let time):
            try write(new, time: time)
        case .problem(let problem):
            guard let problem else {
                hasProblem = false
                printError("Redis answers again")
                return
            }
            if !hasProblem { printError("\(problem). Trying again") }
            hasProblem = true
        case .waiting(let text): printError(text ?? "the battery is declared")
        case .replaced: printError("note: Redis has other data than before, so everything is read again")
        case .polling:
            printError("note: the account has no permission for XREAD, so Redis is asked once per second. Grant +xread")
        case .leftOut(let sentences):
            printWarnings(sentences.isEmpty ? ["all partitions answer again"] : sentences)
        case .failed(let error): throw error
        case .lag, .chart, .details, .filterProblem: break
        }
    }

    private mutating func write(_ new: WatchBoard, time: Int64) throws {
        defer { board = new }
        switch new {
        case .ranking(let ranking):
            var earlier: Leaderboard?
            if case .ranking(let board) = board { earlier = board }
            let changes = ranking.changes(since: earlier)
            if case .table(let advice) = form {
                guard earlier == nil || !changes.isEmpty else { return }
                let table = ranking.text(as: .table, for: display, advice: advice(ranking))
                try write([(earlier == nil ? "" : "\n") + table.dropLast()], isEscaped: true)
            } else {
                try write(changes.map { ranking.json(of: $0, time: time) })
            }
        case .batteries(let list):
            var earlier: ActivityList?
            if case .batteries(let board) = board { earlier = board }
            try write(list.changes(since: earlier).map { $0.json(time: time) })
        }
    }

    /// Writes lines at once, as many as ``SessionEnd/count`` allows.
    private mutating func write(_ lines: [String], isEscaped: Bool = false) throws {
        let lines = lines.prefix(end.count ?? lines.count)
        guard !lines.isEmpty else { return }
        end.count = end.count.map { $0 - lines.count }
        let isEscaped = isEscaped || !display.isTerminal
        let text = lines.map { (isEscaped ? $0 : escapedText($0)) + "\n" }.joined()
        isOver = try !writeInParts(text, to: STDOUT_FILENO, size: 4_096, signals: signals, until: end.time)
    }
}
