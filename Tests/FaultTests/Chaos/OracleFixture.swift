import ChaosLog
import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import chaos

/// The side files and the indexes of one partition, for tests that introduce a difference and require that the oracle reports
/// the difference.
struct OracleFixture {
    static let producer = "k3v9x2mq7d"
    static let experiment = "k3v9x2mq7d-1"
    let keyspace: Keyspace
    private let folder: TemporaryFolder

    init() throws {
        keyspace = try Keyspace.all()[0]
        folder = try TemporaryFolder()
    }

    /// The path of the folder of the side files.
    var path: String { folder.path }

    /// Events that a process has sent, with the same time, in Unix milliseconds.
    struct Sent {
        var producer = OracleFixture.producer
        var experiment = OracleFixture.experiment
        var battery = 0
        var time: Int64 = 1
        var bodies: [Event.Body]
    }

    /// Writes a side file.
    func write(_ lines: [SideLine], to name: String = "1-4-1.side") throws {
        let side = try #require(SideFile(path: folder.file(name)))
        for line in lines { side.write(line, dropped: 0) }
    }

    /// Returns the events that a side file describes, from its first call on.
    ///
    /// - Parameter first: the events of the call that begins or resumes the experiment.
    static func bodies(_ first: [Event.Body], _ lines: [SideLine]) -> [Event.Body] {
        first + lines.compactMap { Event.Body($0) }
    }

    /// The declaration and the start of a call that begins or resumes an experiment.
    static func beginning(
        battery: Int = 0, variant: Int = 0, pid: Int, seed: Int, attempt: Int? = nil, from: Int? = nil
    ) -> [Event.Body] {
        [
            .battery(History.declaration(battery, variant: variant)),
            .start(
                Event.Start(
                    host: HostIdentity.hostName, pid: "\(pid)", seed: "\(seed)", attempt: attempt, from: from)),
        ]
    }

    /// Returns the indexes after events were applied in this order.
    ///
    /// - Parameter deletions: the commands of operators, each with the number of entries before it.
    func content(
        _ sent: [Sent], deletions: [(after: Int, command: ControlEvent)] = []
    ) throws -> PartitionContent {
        var entries: [StreamEntry] = []
        var seqs: [String: UInt64] = [:]
        for part in sent {
            let producer = try #require(ProducerID(part.producer))
            for body in part.bodies {
                var experiment = ExperimentID(part.experiment)
                if case .battery = body { experiment = nil }
                seqs[part.producer, default: 0] += 1
                entries.append(
                    StreamEntry(
                        id: StreamID(milliseconds: UInt64(entries.count + 1), sequence: 0),
                        Event(
                            experiment: experiment, battery: History.battery(part.battery),
                            origin: Event.Origin(producer: producer, seq: seqs[part.producer] ?? 0), time: part.time,
                            body: body)))
            }
        }
        let commands = deletions.map { NaiveModel.Deletion($0.command, after: $0.after, at: Int64($0.after)) }
        return NaiveModel.content(of: entries, deletions: commands, in: keyspace)
    }

    func verdict(on content: PartitionContent, deletions: Deletions = Deletions()) throws -> Verdict {
        try Oracle.judge(
            SideReader(folder: folder.path), against: [FoundPartition(keyspace: keyspace, content: content)],
            deletions: deletions)
    }
}
