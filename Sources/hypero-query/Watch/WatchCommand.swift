import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoQuery

struct WatchCommand: StoreCommand, FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show the ranking of a battery, or all batteries, and update it with each event.",
        usage: "hypero-query watch [<options>] [<name>]",
        discussion: """
            On a terminal, the screen has the ranking, the learning curve of the best experiment and the latest events. new and \
            ▲2 mark rows that are new or have moved, for ten seconds. Redis pushes the events, and the ranking is read again when \
            one has changed it, at most four times a second. Without a name, the screen has all batteries, with their running \
            experiments and those that are done: of a battery with more than 1000 experiments, those of the newest 1000.

            THE KEYS:
              /            filter by an expression such as lr < 0.01, or by a text in
                           the rows
              s, S         sort by the next column, reverse the order
              up, down     select a row
              enter, esc   show all values of the selected experiment, and return
              y            logarithmic axis of the chart
              space        pause
              ?, q         help, quit

            Into a pipe, and with --format json, each line is an object with the keys time, in Unix milliseconds, and event:
              rank         a changed row of the ranking: previous, its rank before, and
                           the keys of hypero-query rank. rank is null if the experiment
                           is not among the first --limit any more. All rows are first
              summary      without a name, a changed battery: the keys of hypero-query
                           batteries, then running, done and counted
              others       an event of the battery as it was logged, with battery and
                           experiment: battery, start, param (params), meta (meta), epoch
                           (epoch, values), curve (first, values), maxima (epoch, maxima),
                           end (status, reason), delete, thin, rebuild

            An event that a client sends again after a failure of Redis has the same producer and seq.

            watch waits for a battery that is not declared yet, and tries again while Redis does not answer. It ends with 0 when it \
            is interrupted.

            EXAMPLES:
              hypero-query watch "digits mlp" --for 2s
              hypero-query watch --for 1s
              hypero-query watch "digits mlp" --where "lr < 0.05" --for 1s
              hypero-query watch "digits mlp" --for 1s --format json |
                jq -r 'select(.event == "rank" and .rank == 1) | .value'
            """)

    @Argument(help: "The battery's name or id. (default: all batteries)")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(help: ArgumentHelp("The channel to rank by. (default: the battery's objective)", valueName: "channel"))
    var by: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The maximum number of rows, 1 to 100000. (default: as many as fit, 10 into a pipe)", valueName: "k"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            BatteryWords.columnsHelp, discussion: BatteryWords.columnsDiscussion, valueName: "a,b"))
    var columns: [String] = []

    @OptionGroup var filtering: FilterOptions

    @OptionGroup var ending: WatchOptions

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try request.validate()
        _ = try ending.end()
    }

    func checkRequirements() throws {
        try output.checkRequirements()
        try WatchOptions.checkRequirements(output, command: "watch")
        let filter = try filtering.filter()
        guard name == nil else { return }
        let options = [
            ("--version", version != nil), ("--by", by != nil), ("--limit", limit != nil),
            ("--columns", !columns.isEmpty), ("--where", filter != nil),
        ]
        for (option, isGiven) in options where isGiven {
            throw MissingArgument("\(option) needs the name of a battery")
        }
    }

    var filteredBattery: String? { name }

    private var request: RankRequest {
        RankRequest(
            name: name ?? "", version: version, by: by, filtering: filtering.request, limit: limit ?? 10,
            columns: columns, lostAfter: lostAfter)
    }

    func run() throws {
        let isScreen = WatchOptions.isScreen(output)
        let subject = name == nil ? WatchSubject.batteries : request.subject
        try request.watch(
            subject, in: store.store(lostAfter: lostAfter), end: ending.end(),
            view: isScreen ? WatchView(showsEvents: true, limit: limit, marker: ChartOptions.usualMarker(output)) : nil,
            form: .events, output: output)
    }
}

extension RankRequest {
    /// The ranking of the request, with another number of rows.
    var subject: WatchSubject {
        let request = self
        return .ranking(of: name) { store, limit, filter, isFirst in
            var request = request
            request.limit = limit
            request.filtering.additional = filter
            // A battery without experiments has all fields. Its first experiments may log some of them later.
            if !isFirst, !request.filtering.expressions.isEmpty { request.filtering.isLenient = true }
            return try request.leaderboard(in: store)
        }
    }

    /// Watches a result on the screen, or writes its changes.
    ///
    /// - Parameter view: the screen; nil for lines.
    func watch(
        _ subject: WatchSubject, in store: Store, end: SessionEnd, view: WatchView?, form: WatchLines.Form,
        output: OutputOptions
    ) throws {
        StoreOptions.release()
        let display = Display(descriptor: STDOUT_FILENO, color: output.color)
        let initial = view?.request(in: Terminal.size) ?? WatchRequest(limit: limit)
        let mailbox = try WatchOptions.start(subject, in: store, request: initial)
        if let view {
            var session = WatchSession(mailbox, view: view, display: display, end: end)
            try session.run()
        } else {
            var lines = WatchLines(mailbox, form: form, display: display, end: end)
            try lines.run()
        }
    }
}
