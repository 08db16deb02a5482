import HyperoRedis
import HyperoSchema

/// The changes that migrate some experiments of one battery.
struct ExperimentMigration {
    let battery: BatteryID
    let objective: BatteryState.Objective
    let keyspace: Keyspace
    /// The server's clock in Unix milliseconds.
    let clock: Int64
    var changes: [IndexChange] = []
    /// The columns that are written.
    private var columns: Set<ExactText> = []
    /// The experiments that stated maxima and whose changes are not added yet, with the times of their first events.
    private(set) var stated: [(id: ExperimentID, started: String)] = []

    init(battery: BatteryID, objective: BatteryState.Objective, keyspace: Keyspace, clock: Int64) {
        self.battery = battery
        self.objective = objective
        self.keyspace = keyspace
        self.clock = clock
    }

    /// The fields of an experiment's hash that decide what is migrated.
    private static let fields = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.updated, ExperimentField.epochs,
        ExperimentField.maxSource, ExperimentField.maxStated,
    ]

    /// An experiment whose hash was read.
    private struct Experiment {
        let id: ExperimentID
        /// The time of its first event in Unix milliseconds, as text.
        let started: String
        let highestEpoch: String
    }

    /// Reads experiments and adds their changes: HMGET experiment battery status …, then HGET curve epoch for the rows of the
    /// highest epochs. The experiments that stated maxima are collected for ``readStated(while:over:)``.
    ///
    /// - Parameter found: the members of the battery's list, with their scores.
    mutating func read(
        _ found: [(name: String, value: String)], over connection: inout RedisConnection
    ) throws(RedisError) {
        let listed = found.compactMap { id, started in ExperimentID(id).map { (id: $0, started: started) } }
        var writer = RESPWriter()
        for (id, _) in listed {
            writer.add("HMGET", key: keyspace.experiment(id), Self.fields)
        }
        try connection.send(writer)
        var withCurve: [Experiment] = []
        var firstError: RedisError?
        for (id, started) in listed {
            var reply = try connection.receive()
            if let error = reply.error {
                if error.code != .wrongType { firstError = firstError ?? error }
                continue
            }
            let values = try reply.strings(count: Self.fields.count)
            guard values[0] == battery.text else { continue }
            var fields: [IndexChange.Field] = []
            if values[1] == nil {
                fields.append(IndexChange.Field(ExperimentField.status, ExperimentStatus.running.rawValue))
            }
            if let updated = values[2].flatMap({ Int64($0) }), updated > clock + Limits.maxTimeAhead {
                fields.append(IndexChange.Field(ExperimentField.updated, String(clock)))
            }
            if !fields.isEmpty { changes.append(.setFields(key: keyspace.experiment(id), fields)) }
            if let epoch = values[3] {
                withCurve.append(Experiment(id: id, started: started, highestEpoch: epoch))
            }
            if values[4] == MaximaSource.user.rawValue, values[5] == nil { stated.append((id, started)) }
        }
        if let firstError { throw firstError }
        try readColumns(of: withCurve, over: &connection)
    }

    /// Adds the changes of experiments that stated maxima, of at least one unless a pause ends the reading. Each may need the
    /// whole curve.
    ///
    /// - Parameters:
    ///   - mayContinue: returns whether the changes so far need not be written yet.
    ///   - pause: called between the parts of a curve. Returns false to end the reading.
    /// - Returns: false if a pause has ended the reading.
    mutating func readStated(
        while mayContinue: () -> Bool, over connection: inout RedisConnection,
        pause: (inout RedisConnection) throws(RedisError) -> Bool
    ) throws(RedisError) -> Bool {
        while let (id, started) = stated.popLast() {
            guard try readMaxima(of: id, started: started, over: &connection, pause: pause) else { return false }
            guard mayContinue() else { return true }
        }
        return true
    }

    /// Adds the columns of the channels of curves. A row has nearly always the channels of the rows before.
    private mutating func readColumns(
        of experiments: [Experiment], over connection: inout RedisConnection
    ) throws(RedisError) {
        var writer = RESPWriter()
        for experiment in experiments {
            writer.command("HGET", keyspace.curve(of: experiment.id), experiment.highestEpoch)
        }
        try connection.send(writer)
        var new: [IndexChange.Scored] = []
        var latest: String?
        var firstError: RedisError?
        for experiment in experiments {
            var reply = try connection.receive()
            if let error = reply.error {
                if error.code != .wrongType { firstError = firstError ?? error }
                continue
            }
            guard let text = try reply.string(), text != latest, let row = CurveRow(text: text) else { continue }
            latest = text
            for cell in row.cells where columns.insert(ExactText(cell.channel)).inserted {
                new.append(IndexChange.Scored(Prefix.curve + cell.channel, score: experiment.started))
            }
        }
        if let firstError { throw firstError }
        if !new.isEmpty { changes.append(.addScores(key: keyspace.columns(of: battery), new, onlyNew: true)) }
    }

    /// Adds the maxima of an experiment that stated some: those that it stated, by channel, and those that its curve has for the
    /// other channels.
    ///
    /// - Returns: false if a pause has ended the reading. Then nothing is added.
    private mutating func readMaxima(
        of id: ExperimentID, started: String, over connection: inout RedisConnection,
        pause: (inout RedisConnection) throws(RedisError) -> Bool
    ) throws(RedisError) -> Bool {
        var reply = try connection.hash(at: keyspace.experiment(id))
        guard reply.error == nil, reply.isComplete else { return true }
        var stated = ExperimentState.StatedMaxima(cells: [], epoch: nil)
        for (name, value) in try reply.pairs() {
            guard let channel = name.dropping(prefix: Prefix.max) else { continue }
            switch name {
            case ExperimentField.maxEpoch: stated.epoch = Int(value)
            case ExperimentField.maxSource, ExperimentField.maxStated: break
            default:
                guard let number = Array(value.utf8).withUnsafeBufferPointer({ Number($0) }) else { continue }
                stated.cells.append(CurveRow.Cell(channel, number))
            }
        }
        // Redis returns the fields of a large hash in no stable order.
        stated.cells.sort { ExactText($0.channel) < ExactText($1.channel) }
        var fields = [IndexChange.Field(ExperimentField.maxStated, stated.text)]
        let statedChannels = Set(stated.cells.map { ExactText($0.channel) })
        guard let epoch = try baseEpoch(of: id, stated: stated.epoch, over: &connection, pause: pause) else {
            return false
        }
        if let epoch = epoch.value, let row = try row(at: epoch, of: id, over: &connection) {
            let others = row.cells.filter { !statedChannels.contains(ExactText($0.channel)) }
            for cell in others {
                fields.append(IndexChange.Field(Prefix.max + cell.channel, cell.number.text))
                guard cell.number.isFinite else { continue }
                let score = cell.number.value == 0 ? "0" : cell.number.text
                changes.append(
                    .addScores(
                        key: keyspace.rank(of: battery, by: cell.channel), [IndexChange.Scored(id.text, score: score)],
                        onlyNew: false))
            }
            if !others.isEmpty {
                fields.append(IndexChange.Field(ExperimentField.maxSource, MaximaSource.both.rawValue))
                if stated.epoch == nil {
                    fields.append(IndexChange.Field(ExperimentField.maxEpoch, String(epoch)))
                }
                let new = others.map { IndexChange.Scored(Prefix.max + $0.channel, score: started) }
                changes.append(.addScores(key: keyspace.columns(of: battery), new, onlyNew: true))
            }
        }
        changes.append(.setFields(key: keyspace.experiment(id), fields))
        return true
    }

    /// The epoch of a row that may not exist.
    private struct BaseEpoch {
        let value: Int?
    }

    /// Searches the epoch whose row has the maxima of the channels that were not stated: the stated one if the curve has it,
    /// else the best one.
    ///
    /// - Returns: nil if a pause has ended the search.
    private func baseEpoch(
        of id: ExperimentID, stated: Int?, over connection: inout RedisConnection,
        pause: (inout RedisConnection) throws(RedisError) -> Bool
    ) throws(RedisError) -> BaseEpoch? {
        if let stated, try row(at: stated, of: id, over: &connection) != nil { return BaseEpoch(value: stated) }
        var scan = CurveScan(key: keyspace.curve(of: id), objective: objective)
        while !scan.isComplete {
            do {
                try scan.readPart(over: &connection)
            } catch {
                guard [.wrongType, .tooLarge].contains(error.code) else { throw error }
                return BaseEpoch(value: nil)
            }
            if !scan.isComplete, try !pause(&connection) { return nil }
        }
        return BaseEpoch(value: scan.reader.objectives.best?.epoch)
    }

    private func row(
        at epoch: Int, of id: ExperimentID, over connection: inout RedisConnection
    ) throws(RedisError) -> CurveRow? {
        var reply = try connection.call("HGET", keyspace.curve(of: id), String(epoch))
        guard reply.error == nil, let text = try reply.string() else { return nil }
        return CurveRow(text: text)
    }
}
