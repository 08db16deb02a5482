import ArgumentParser
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport

/// The connections of many trainings that log a row every few seconds, without the trainings: as many processes and threads
/// would need dozens of cores.
///
/// One thread sends over each connection what a client sends: per row one XADD, and four looks at the watermark until the
/// row is durable.
struct QuietTrainingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "quiet-trainings", shouldDisplay: false)

    @Option var redis: String
    @Option var count: Int
    /// The time between two rows of one training, in seconds.
    @Option var interval: Double
    /// The file of the ``Tally``.
    @Option var tally: String

    private static let looks = 4

    func run() throws {
        try OpenFiles.raiseLimit(to: count + 100)
        let tally = try Tally(path: tally)
        let keyspace = try Keyspace.all()[0]
        let url = try RedisURL(redis)
        var random = SystemRandomNumberGenerator()
        let trainings = try (0..<count).map { _ in
            try QuietTraining(ProducerID(using: &random), url: url, keyspace: keyspace)
        }
        tally[.isDone] = 1
        // Each moment, one training logs, and four others look.
        let start = Clock.now
        var moment = 0
        while true {
            try trainings[moment % count].log()
            for look in 1...Self.looks {
                try trainings[(moment + look * count / (Self.looks + 1)) % count].readWatermark()
            }
            moment += 1
            let ahead = Double(moment) * interval / Double(count) - Double(Clock.now - start) / 1e9
            if ahead > 0 { usleep(UInt32(ahead * 1e6)) }
            tally[.late] = Int(max(-ahead, 0) * 1e9)
        }
    }
}

/// The connection of a training, and its producer's next event.
private final class QuietTraining {
    private var connection: RedisConnection
    private let keyspace: Keyspace
    private let producer: ProducerID
    private var seq: UInt64 = 0
    private var epoch = 0

    private static let battery = BatteryID(name: "quiet", version: 1, description: "")

    init(_ producer: ProducerID, url: RedisURL, keyspace: Keyspace) throws {
        self.producer = producer
        self.keyspace = keyspace
        connection = try RedisConnection.open(to: url, name: "hypero-\(producer.text)")
        try send(.battery(Event.Declaration(name: "quiet", version: 1, description: "")), of: nil)
        try send(.start(Event.Start(host: "node", pid: "1", seed: "1")))
    }

    func log() throws {
        epoch += 1
        let cells = ["train", "valid", "test"].map { CurveRow.Cell($0, Number(0.5)) }
        try send(.epoch(epoch, cells))
    }

    func readWatermark() throws {
        var writer = RESPWriter(capacity: 512)
        let fields = [ProducerField.seq, ProducerField.missing, ProducerField.dead, ProducerField.deleted]
        for field in fields { writer.command("HGET", keyspace.producer(producer), field) }
        try connection.send(writer)
        for _ in fields { _ = try connection.receive() }
    }

    private func send(_ body: Event.Body) throws {
        try send(body, of: ExperimentID(producer: producer, number: 1))
    }

    private func send(_ body: Event.Body, of experiment: ExperimentID?) throws {
        seq += 1
        let event = Event(
            experiment: experiment, battery: Self.battery, origin: Event.Origin(producer: producer, seq: seq),
            time: WallClock.milliseconds, body: body)
        var words = ["XADD", keyspace.events, "*"]
        event.forEachField { words += [$0, $1] }
        var writer = RESPWriter(capacity: 512)
        writer.begin(arguments: words.count)
        for word in words { writer.add(word) }
        try connection.send(writer)
        var reply = try connection.receive()
        _ = try reply.string()
    }
}
