import HyperoSchema

/// The part of an experiment's hash and curve that the fold depends on.
///
/// Copies share their content, because a state passes from the cache through a lookup and a fold back to the cache. In a wide
/// fleet each event has an experiment of its own, and its eight references would be counted at each step.
@dynamicMemberLookup
package struct ExperimentState: Sendable, Hashable {
    private final class Storage: Sendable {
        let content: Content

        init(_ content: Content) { self.content = content }
    }

    private var storage: Storage

    init(_ content: Content) { storage = Storage(content) }

    /// Creates the state of an experiment that does not exist.
    package init() { self.init(Content()) }

    /// Creates the state of an experiment whose keys cannot be read.
    package init(readError: String) {
        var content = Content()
        content.readError = readError
        self.init(content)
    }

    package subscript<Value>(dynamicMember field: KeyPath<Content, Value>) -> Value { storage.content[keyPath: field] }

    /// All of the state.
    private var content: Content { storage.content }

    /// The approximate memory of the state in bytes.
    var cost: Int { storage.content.cost }

    /// True if rows were removed from the curve, so that some events cannot be applied.
    var isThinned: Bool { storage.content.thinned != nil }

    /// False if the battery's list of experiments lacks the experiment, for example because another client has removed the
    /// list. The next event restores the battery's indexes.
    package var isListed: Bool {
        get { storage.content.isListed }
        set {
            var content = storage.content
            content.isListed = newValue
            storage = Storage(content)
        }
    }

    package static func == (left: Self, right: Self) -> Bool { left.content == right.content }

    package func hash(into hasher: inout Hasher) { hasher.combine(content) }
}

extension ExperimentState {
    /// A row of the curve with its epoch.
    struct KnownRow: Sendable, Hashable {
        var epoch: Int
        var row: KeptRow
    }

    /// The best epoch of the curve.
    enum Best: Sendable, Hashable {
        /// No epoch has a finite objective.
        case none
        /// The row of an epoch; nil if the row was not read yet.
        case row(epoch: Int, KeptRow?)
        /// The maxima have the epoch that the user stated, so that the hash does not tell the best one.
        case unknown
    }

    /// The maxima that the user stated.
    struct StatedMaxima: Sendable, Hashable {
        var cells: [CurveRow.Cell]
        /// Nil if the user stated none.
        var epoch: Int?
    }
}

extension ExperimentState {
    /// The content of a state.
    package struct Content: Sendable, Hashable {
        /// The battery of the experiment; nil if the experiment does not exist.
        var battery: BatteryID?
        /// The time of the latest event in Unix milliseconds.
        var updated: Int64 = .min
        /// The time of the first event in Unix milliseconds; nil if the maxima are known to follow the objective of the battery.
        var started: Int64?
        var status = ExperimentStatus.running
        /// The time of the `start` or `end` event that set the status.
        var since: Int64 = .min
        /// The highest attempt of a `start` event.
        var attempt = 0
        /// True if a `start` event has set the host, the process or the seed.
        var hasProcess = false
        /// The producer of the event that set the status; nil if it is the one in the experiment's id, or unknown.
        var producer: ProducerID?
        var resumptions = Resumptions()
        /// The highest epoch of the curve; nil if the curve is empty.
        var highestEpoch: Int?
        /// The number of values received as nan or infinite.
        package var nonfinite = 0
        var best = Best.none
        /// The maxima that the user stated; nil for none.
        var stated: StatedMaxima?
        /// The row of the highest epoch; nil if it was not read yet. Most later parts of a row belong to this row.
        var lastRow: KnownRow?
        /// The record of the rows that were removed from the curve; nil if none were.
        var thinned: ThinnedCurve?
        /// The verdict of the search's stopping rule, if it has stopped the trial.
        var stop: String?
        /// ``ExperimentState/isListed``.
        var isListed = true
        /// The reason why a key of the experiment cannot be read, for example because it has another type.
        var readError: String?

        fileprivate var cost: Int {
            var cost = 700
            if case .row(_, let row?) = best { cost += row.cost }
            if let lastRow { cost += lastRow.row.cost }
            if let stated { cost += stated.cells.count * 80 }
            return cost
        }
    }
}

extension ExperimentState {
    /// The fields of the hash that ``init(values:)`` reads.
    package static let fields = [
        ExperimentField.battery, ExperimentField.updated, ExperimentField.started, ExperimentField.status,
        ExperimentField.since,
        ExperimentField.attempt, ExperimentField.host, ExperimentField.seed, ExperimentField.producer,
        ExperimentField.resumed, ExperimentField.epochs, ExperimentField.nonfinite, ExperimentField.maxEpoch,
        ExperimentField.maxSource,
        ExperimentField.maxStated, ExperimentField.thinned, ExperimentField.stop,
    ]

    /// Creates the state from the values of ``fields``, in their order; a malformed value counts as absent.
    package init(values: [String?]) {
        self.init(Content(values: values))
    }
}

extension ExperimentState.Content {
    fileprivate init(values: [String?]) {
        var values = values[...]
        func integer(_ text: String?) -> Int? { text.flatMap { Int($0) } }
        battery = (values.removeFirst()).flatMap { BatteryID($0) }
        updated = values.removeFirst().flatMap { Int64($0) } ?? .min
        started = values.removeFirst().flatMap { Int64($0) }
        status = values.removeFirst().flatMap { ExperimentStatus(rawValue: $0) } ?? .running
        // The first format has no such field.
        since = values.removeFirst().flatMap { Int64($0) } ?? (status == .running ? .min : updated)
        attempt = integer(values.removeFirst()) ?? 0
        let (host, seed) = (values.removeFirst(), values.removeFirst())
        hasProcess = host != nil || seed != nil
        producer = values.removeFirst().flatMap { ProducerID($0) }
        resumptions = values.removeFirst().map { Resumptions(text: $0) } ?? Resumptions()
        highestEpoch = integer(values.removeFirst())
        // Another client may have written the field, and the count must not overflow.
        nonfinite = integer(values.removeFirst()).map { min(max($0, 0), 1 << 53) } ?? 0
        let maxEpoch = integer(values.removeFirst())
        let source = values.removeFirst().flatMap { MaximaSource(rawValue: $0) }
        stated = values.removeFirst().flatMap { ExperimentState.StatedMaxima(text: $0) }
        thinned = values.removeFirst().flatMap { ThinnedCurve(text: $0) }.flatMap { $0.removed > 0 ? $0 : nil }
        stop = values.removeFirst()
        switch source {
        case .curve, .both:
            best = stated?.epoch == nil ? maxEpoch.map { .row(epoch: $0, nil) } ?? .none : .unknown
        case .user: best = .unknown
        case nil: best = .none
        }
        if highestEpoch == nil { best = .none }
    }
}

extension ExperimentState.StatedMaxima {
    /// The text of ``ExperimentField/maxStated``. No channel has the name `epoch`.
    var text: String {
        var row = cells
        if let epoch { row.insert(CurveRow.Cell(ExperimentField.epochOfStated, Number(Double(epoch))), at: 0) }
        return CurveRow(row).text
    }

    init?(text: String) {
        guard let row = CurveRow(text: text) else { return nil }
        cells = row.cells.filter { $0.channel != ExperimentField.epochOfStated }
        epoch = row[ExperimentField.epochOfStated].flatMap { Int(exactly: $0.value) }
    }
}
