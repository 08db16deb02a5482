import HyperoSchema

/// The conversion of experiments to the rows of an export.
protocol ExportRows {
    /// The names of the columns.
    var columns: [String] { get }
    /// The fields of the experiments' hashes to read, at least one.
    var fields: [String] { get }
    /// True if the rows have the status.
    var needsLiveness: Bool { get }

    /// Calls the body with the cells of each row of the experiments, one per column.
    func write(
        _ experiments: [ScannedExperiment], from store: Store, warnings: inout [String], row: ([ExportCell]) -> Void
    ) throws(QueryError)
}

/// One row per experiment.
struct ExperimentRows: ExportRows {
    let columns: [String]
    let fields: [String]
    let needsLiveness = true
    private let maximaCount: Int
    private let batteries: [(id: String, name: String, version: Int)]

    /// The columns before the maxima.
    private static let ownColumns = [
        "experiment", "battery", "name", "version", "status", "reason", "host", "seed", "attempt", "started",
        "last_seen",
        "epochs", "epoch", "source",
    ]
    /// The fields of ``ownColumns`` that are read as they are.
    private static let ownFields = [
        ExperimentField.reason, ExperimentField.host, ExperimentField.seed, ExperimentField.attempt,
        ExperimentField.started, ExperimentField.epochs, ExperimentField.maxEpoch, ExperimentField.maxSource,
    ]

    /// - Parameters:
    ///   - maxima: the channels.
    ///   - params: the names of the hyper-parameters.
    ///   - metas: the names of the metadata.
    ///   - batteries: the batteries, by the indexes that the experiments have.
    init(maxima: [String], params: [String], metas: [String], of batteries: [StoredBattery]) {
        let named = maxima.map { Prefix.max + $0 } + params.map { Prefix.param + $0 } + metas.map { Prefix.meta + $0 }
        columns = Self.ownColumns + named
        fields = Self.ownFields + named
        maximaCount = maxima.count
        self.batteries = batteries.map { ($0.id.text, $0.name, $0.version) }
    }

    func write(
        _ experiments: [ScannedExperiment], from store: Store, warnings: inout [String], row: ([ExportCell]) -> Void
    ) throws(QueryError) {
        var cells: [ExportCell] = []
        cells.reserveCapacity(columns.count)
        for experiment in experiments {
            guard !experiment.isEmpty, experiment.values.count >= fields.count else {
                addScanWarning("\(experiment.source) is listed, but its hash is missing", to: &warnings)
                continue
            }
            let battery = batteries[experiment.battery]
            let values = experiment.values
            cells.removeAll(keepingCapacity: true)
            cells.append(.text(experiment.experiment))
            cells.append(.text(battery.id))
            cells.append(.text(battery.name))
            cells.append(.integer(Int64(battery.version)))
            cells.append(ExportCell(text: experiment.liveness?.status?.rawValue))
            cells.append(ExportCell(text: values[0]))
            cells.append(ExportCell(text: values[1]))
            // A seed is a text, because many readers of JSON round numbers above 2^53.
            cells.append(ExportCell(text: values[2]))
            cells.append(ExportCell(stored: values[3]))
            let started = values[4].flatMap { Int64($0) }
            if let text = values[4], started == nil {
                addScanWarning(
                    "\(experiment.source): \(ExperimentField.started) must be a number, not '\(printable(text))'",
                    to: &warnings)
            }
            cells.append(ExportCell(time: started))
            cells.append(ExportCell(time: experiment.liveness?.lastSeen))
            cells.append(ExportCell(stored: values[5]))
            cells.append(ExportCell(stored: values[6]))
            cells.append(ExportCell(text: values[7]))
            let maxima = Self.ownFields.count..<Self.ownFields.count + maximaCount
            for index in maxima {
                cells.append(maximum(values[index], field: fields[index], of: experiment, warnings: &warnings))
            }
            for index in maxima.upperBound..<fields.count { cells.append(ExportCell(stored: values[index])) }
            row(cells)
        }
    }

    private func maximum(
        _ text: String?, field: String, of experiment: ScannedExperiment, warnings: inout [String]
    ) -> ExportCell {
        guard let text else { return .missing }
        guard isNumber(text) else {
            addScanWarning(
                "\(experiment.source): \(printable(field)) must be a number, not '\(printable(text))'", to: &warnings)
            return .missing
        }
        return .number(text)
    }
}

/// The rows of learning curves.
struct CurveRows: ExportRows {
    let columns: [String]
    // One field is enough to know that the experiment exists.
    let fields = [ExperimentField.status]
    let needsLiveness = false
    private let form: ExportRequest.CurveForm
    /// The columns of the channels; nil in the long form for all.
    private let channels: [ExactText: Int]?

    /// The number of curves that are in memory together.
    private static let curvesPerRoundTrip = 32

    /// - Parameters:
    ///   - channels: the channels in order.
    ///   - isFiltered: true if other channels are left out.
    init(_ form: ExportRequest.CurveForm, channels: [String], isFiltered: Bool) {
        self.form = form
        let indexes = Dictionary(channels.enumerated().map { (ExactText($1), $0) }) { first, _ in first }
        switch form {
        case .long:
            columns = ["experiment", "epoch", "channel", "value"]
            self.channels = isFiltered ? indexes : nil
        case .wide:
            columns = ["experiment", "epoch"] + channels.map { Prefix.curve + $0 }
            self.channels = indexes
        }
    }

    func write(
        _ experiments: [ScannedExperiment], from store: Store, warnings: inout [String], row: ([ExportCell]) -> Void
    ) throws(QueryError) {
        var start = 0
        while start < experiments.count {
            let part = experiments[start..<min(start + Self.curvesPerRoundTrip, experiments.count)]
            var pipeline = CommandPipeline()
            let replies = part.map { experiment in
                experiment.member.id.map { id in
                    pipeline.append(
                        "HGETALL", experiment.member.keyspace.curve(of: id), in: experiment.member.keyspace, as: .pairs)
                }
            }
            try store.connections.run(pipeline)
            for (experiment, reply) in zip(part, replies) {
                let pairs = try reply?.value(or: [], warnings: &warnings) ?? []
                write(pairs, of: experiment, warnings: &warnings, row: row)
            }
            start = part.endIndex
        }
    }

    private func write(
        _ pairs: [(name: String, value: String)], of experiment: ScannedExperiment, warnings: inout [String],
        row: ([ExportCell]) -> Void
    ) {
        // Redis returns the fields of a large hash in no stable order.
        let rows = pairs.map { (epoch: Int($0.name), text: $0.value) }.sorted { ($0.epoch ?? 0) < ($1.epoch ?? 0) }
        for (epoch, text) in rows {
            guard let epoch, let curveRow = CurveRow(text: text) else {
                addScanWarning(
                    "\(experiment.source): a row of its learning curves is malformed: '\(printable(text))'",
                    to: &warnings)
                continue
            }
            let key = [ExportCell.text(experiment.experiment), .integer(Int64(epoch))]
            switch form {
            case .long:
                for cell in curveRow.cells where channels.map({ $0[cell.channel] != nil }) ?? true {
                    row(key + [.text(cell.channel), .number(cell.number.text)])
                }
            case .wide:
                var cells = key + Array(repeating: ExportCell.missing, count: columns.count - key.count)
                var isEmpty = true
                for cell in curveRow.cells {
                    guard let index = channels?[cell.channel] else { continue }
                    cells[key.count + index] = .number(cell.number.text)
                    isEmpty = false
                }
                if !isEmpty { row(cells) }
            }
        }
    }
}
