import HyperoRedis
import HyperoSchema
import Logging

/// Reads what a fold needs, in one write and as many replies.
///
///     HMGET producer seq time missing          HMGET experiment battery updated epochs …
///     HMGET battery objective direction …      HMGET curve epoch …        HGETALL curve
///
/// A key that holds something else (WRONGTYPE) makes its subject one with a problem: its events become dead letters with
/// the server's words as the reason. Every other error ends the reading, after all replies were taken.
struct StateLoader {
    private var firstError: RedisError?

    /// Takes the replies to ``ask(_:of:in:_:)``.
    mutating func receive(
        _ needs: MissingState, of batch: DecodedBatch, into known: inout PriorState,
        from connection: inout RedisConnection,
        in space: Keyspace, _ announcer: RateLimitedLogger
    ) throws(RedisError) {
        let (rows, curves) = (needs.rowsAlone, needs.wholeCurves.sorted())
        firstError = nil
        for place in needs.producers {
            let key = space.producer(batch.producers[place])
            known.producers[place] = try value(
                of: key, from: &connection, announcer, otherwise: Watermark.init(problem:)
            ) {
                Watermark(seq: $0[0], time: $0[1], missing: $0[2])
            }
        }
        for place in needs.batteries {
            let key = space.battery(batch.batteries[place])
            known.batteries[place] = try value(
                of: key, from: &connection, announcer, otherwise: BatteryState.init(problem:)
            ) {
                BatteryState(objective: $0[0], direction: $0[1], updated: $0[2])
            }
        }
        for place in needs.experiments {
            let key = space.experiment(batch.experiments[place])
            known.experiments[place] = try value(
                of: key, from: &connection, announcer, otherwise: ExperimentState.init(problem:)
            ) {
                ExperimentState(
                    battery: $0[0], updated: $0[1], epochs: $0[2], nonfinite: $0[3], maxEpoch: $0[4], maxSource: $0[5])
            }
        }
        for (place, epochs) in rows {
            let key = space.curve(of: batch.experiments[place])
            try takeRows(epochs, of: place, key, from: &connection, into: &known, announcer)
        }
        for place in curves {
            let key = space.curve(of: batch.experiments[place])
            try takeCurve(of: place, key, from: &connection, into: &known, announcer)
        }
        if let firstError { throw firstError }
    }

    /// Writes what is to be asked.
    func ask(_ needs: MissingState, of batch: DecodedBatch, in space: Keyspace, _ writer: inout RESPWriter) {
        for place in needs.producers {
            writer.command(
                "HMGET", space.producer(batch.producers[place]), ProducerField.seq, ProducerField.time,
                ProducerField.missing)
        }
        for place in needs.batteries {
            writer.command(
                "HMGET", space.battery(batch.batteries[place]), BatteryField.objective, BatteryField.direction,
                BatteryField.updated)
        }
        for place in needs.experiments {
            writer.command(
                "HMGET", space.experiment(batch.experiments[place]), ExperimentField.battery, ExperimentField.updated,
                ExperimentField.epochs, ExperimentField.nonfinite, ExperimentField.maxEpoch, ExperimentField.maxSource)
        }
        for (place, epochs) in needs.rowsAlone {
            writer.begin(arguments: 2 + epochs.count)
            writer.add("HMGET" as StaticString)
            writer.add(space.curve(of: batch.experiments[place]))
            for epoch in epochs { writer.add(epoch) }
        }
        for place in needs.wholeCurves.sorted() { writer.command("HGETALL", space.curve(of: batch.experiments[place])) }
    }

    private mutating func value<Value>(
        of key: String, from connection: inout RedisConnection, _ announcer: RateLimitedLogger,
        otherwise: (String) -> Value, _ make: ([String?]) -> Value
    ) throws(RedisError) -> Value? {
        var reply = try connection.receive()
        if let problem = problem(of: reply, key, announcer) { return otherwise(problem) }
        guard reply.error == nil else { return nil }
        return make(try reply.strings())
    }

    private mutating func takeRows(
        _ epochs: [Int], of place: Int, _ key: String, from connection: inout RedisConnection,
        into known: inout PriorState, _ announcer: RateLimitedLogger
    ) throws(RedisError) {
        var reply = try connection.receive()
        if let problem = problem(of: reply, key, announcer) {
            known.experiments[place] = ExperimentState(problem: problem)
        }
        guard reply.error == nil else { return }
        for (epoch, text) in zip(epochs, try reply.strings()) {
            known.rows[place, default: [:]][epoch] = text.flatMap { CurveRow(text: $0) } ?? CurveRow()
        }
    }

    private mutating func takeCurve(
        of place: Int, _ key: String, from connection: inout RedisConnection, into known: inout PriorState,
        _ announcer: RateLimitedLogger
    ) throws(RedisError) {
        var reply = try connection.receive()
        if let problem = problem(of: reply, key, announcer) {
            known.experiments[place] = ExperimentState(problem: problem)
        }
        guard reply.error == nil else { return }
        known.wholeCurves.insert(place)
        for (name, text) in try reply.pairs() {
            guard let epoch = Int(name), let row = CurveRow(text: text) else { continue }
            known.rows[place, default: [:]][epoch] = row
        }
    }

    /// The words of a WRONGTYPE, with its key, which are said too; any other error is kept to be thrown in the end.
    private mutating func problem(of reply: Reply, _ key: String, _ announcer: RateLimitedLogger) -> String? {
        guard let error = reply.error else { return nil }
        if error.code == .wrongType {
            let problem = "\(key) cannot be read: \(error.description)"
            announcer.event("\(problem): its events go to the dead letters", level: .error)
            return problem
        }
        firstError = firstError ?? error
        return nil
    }
}

extension MissingState {
    /// The rows of curves that are not read as a whole, always in the same order.
    fileprivate var rowsAlone: [(place: Int, epochs: [Int])] {
        rows.filter { !wholeCurves.contains($0.key) }.sorted { $0.key < $1.key }
            .map { (place: $0.key, epochs: $0.value.sorted()) }
    }
}
