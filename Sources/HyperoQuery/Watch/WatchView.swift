package import HyperoCore
import HyperoSchema

/// The state of a screen that watches a result, as far as it depends neither on the terminal nor on Redis.
///
/// ``update(with:at:)`` takes the messages of a feed, ``press(_:at:size:)`` keys, and ``lines(in:on:at:now:)`` composes the screen.
package struct WatchView: Sendable {
    /// The size of a terminal in characters.
    package struct Size: Sendable, Hashable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) {
            self.columns = columns
            self.rows = rows
        }
    }

    /// The text that the user is typing behind `/`; nil if there is none.
    var typedFilter: LineEditor?
    /// The column of the cursor in the last line of the latest frame, from 0; nil for no cursor.
    package internal(set) var cursorColumn: Int?
    /// True if the terminal sends keys, which the screen then explains.
    package var hasKeys = true
    /// The filter of the rows; nil for none.
    var filter: RowFilter?
    /// The field by which the rows are sorted; nil for the order of the result.
    var sortField: String?
    /// The fields of the columns in the latest frame, by which the rows can be sorted.
    var sortFields: [String] = []
    var isSortDescending = false
    var isLogY = false
    package internal(set) var isPaused = false
    /// The events that are shown while the screen is paused.
    var pausedEvents: [WatchEvent]?
    var showsHelp = false
    /// The id of the selected row; nil for none.
    var selected: String?
    /// The id of the experiment whose values are shown instead of the ranking.
    var details: String?
    /// The first line of the details that is shown.
    var detailsOffset = 0
    /// The battery of the list whose ranking is shown.
    var openBattery: String?

    var board: WatchBoard?
    var record: ExperimentRecord?
    var report: WatchUpdate.ExperimentReport?
    var marks = RankMarks()
    var rate = EventRate()
    /// The latest events, the newest last.
    var events: [WatchEvent] = []
    /// The time of the latest event in Unix milliseconds.
    var lastEvent: Int64?
    /// The time of the latest sign of life in any result, also of rows that a filter has left out since.
    var lastSeen: Int64?
    var lag: Int64?
    var problem: String?
    /// The battery that is not declared, in words; nil if it is.
    var waiting: String?
    /// The time at which the data in Redis was replaced; nil if it never was.
    var replacement: MonotonicTime?
    /// The reason why the expression of the filter does not fit the battery; nil if it does.
    var filterProblem: String?
    var isPolling = false
    /// The request to which the present board is the answer.
    private var markedRequest: WatchRequest?

    /// The parts of the screen beside the rows, which only some commands have.
    let showsEvents: Bool
    /// The fixed number of rows of the ranking; nil for as many as the screen has room for.
    let limit: Int?
    /// The choices for the table.
    let options: RankTableOptions?
    /// The characters of the chart.
    let marker: ChartMarker

    /// The number of events that are kept.
    private static let maxEvents = 32
    /// The number of rows that are read to be filtered.
    private static let filteredLimit = 1_000

    /// - Parameters:
    ///   - showsEvents: true for a chart of the best experiment and the latest events below the rows.
    ///   - limit: the number of rows of the ranking; nil for as many as the screen has room for.
    ///   - options: the choices for the table; nil for those of the result.
    package init(showsEvents: Bool, limit: Int?, options: RankTableOptions? = nil, marker: ChartMarker) {
        self.showsEvents = showsEvents
        self.limit = limit
        self.options = options
        self.marker = marker
    }

    /// The part of the result that the screen needs.
    package func request(in size: Size) -> WatchRequest {
        var request = WatchRequest(limit: limit ?? max(size.rows, 10))
        request.filter = filter?.expression
        if filter != nil, request.filter == nil { request.limit = max(request.limit, Self.filteredLimit) }
        request.hasChart = showsEvents && details == nil && Layout.hasChart(in: size)
        request.details = details
        request.battery = openBattery
        request.isPaused = isPaused
        return request
    }

    /// Changes the state by a message of the feed. ``WatchUpdate/failed(_:)`` is the caller's.
    package mutating func update(with update: WatchUpdate, in size: Size, at now: MonotonicTime) {
        switch update {
        case .board(let new, _):
            board = new
            guard case .ranking(let ranking) = new else { return }
            lastSeen = (ranking.rows.compactMap(\.liveness.lastSeen) + [lastSeen].compactMap(\.self)).max()
            let request = request(in: size)
            // Rows that are new because of another request are not new in the ranking.
            if let marked = markedRequest,
                marked.limit != request.limit || marked.battery != request.battery || marked.filter != request.filter
            {
                marks.reset()
            }
            markedRequest = request
            marks.update(ranking.rows, at: now)
        case .events(let new):
            rate.add(new.count, at: now)
            lastEvent = new.map(\.time).max() ?? lastEvent
            events = Array((events + new).suffix(Self.maxEvents))
        case .lag(let new): lag = new
        case .chart(let new): record = new
        case .details(let new): report = new
        case .problem(let new): problem = new
        case .waiting(let new): waiting = new
        case .replaced: replacement = now
        case .filterProblem(let new): filterProblem = new
        case .polling: isPolling = true
        // The result has them as warnings.
        case .leftOut, .failed: break
        }
    }

    /// The rows of the ranking that the filter leaves, in the order of the sort field.
    var rows: [Leaderboard.Row] {
        guard case .ranking(let ranking) = board else { return [] }
        let rows = filter.map { filter in ranking.rows.filter(filter.matches) } ?? ranking.rows
        guard let sortField else { return rows }
        let isValue = sortField.hasSameBytes(as: Prefix.max + ranking.channel)
        let values = rows.map {
            isValue ? SortValue($0.value) : SortValue(stored: $0.fields[ExactText(sortField)])
        }
        return rows.indices.sorted { left, right in
            values[left].precedes(values[right], isDescending: isSortDescending) ?? (left < right)
        }.map { rows[$0] }
    }

    /// The batteries that the filter leaves.
    var batteries: [BatteryActivity] {
        guard case .batteries(let list) = board else { return [] }
        return filter.map { filter in list.batteries.filter { filter.matches($0.summary) } } ?? list.batteries
    }

    /// The ids of the rows, in order.
    var rowIDs: [String] {
        if case .batteries = board { return batteries.map(\.summary.id) }
        return rows.map(\.experiment)
    }
}
