import ChaosLog
import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport

/// The calls of all producers of a run, read from their side files.
struct SideReader {
    /// An interrupted call for a new experiment. The indexes may contain the experiment, with an id that no side file has.
    struct OpenBegin {
        /// The producer; nil if the thread had started no experiment before.
        var producer: ProducerID?
        var start: Event.Start
        var battery: Int
        var variant = 0
    }

    /// The interrupted first call of a forked child. Its producer is not known.
    struct OpenInheritance {
        var history: History
        var root: ProducerID
        var partitions: Int
    }

    private(set) var logs: [ProducerID: ProducerLog] = [:]
    private(set) var openBegins: [OpenBegin] = []
    private(set) var openInheritances: [OpenInheritance] = []
    /// The number of events that clients dropped.
    private(set) var dropped: UInt64 = 0
    /// The longest call of a row in which the thread waited for nothing but a processor.
    private(set) var slowestAwake = Duration.zero
    /// The longest call of a row in which the thread also slept, for example until another thread had left the journal.
    private(set) var slowestAsleep = Duration.zero
    private var endings: [Process: ProducerLog.Ending] = [:]
    private var processes: [ProducerID: Process] = [:]

    /// The process of a side file. Each thread of it has its own file.
    private struct Process: Hashable {
        let pid: Int32
        let seed: UInt64
    }

    /// Reads all side files of a folder.
    ///
    /// - Throws: ``TestFailure`` if a file is not a valid side file.
    init(folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            guard let lines = SideFile.read(text) else { throw TestFailure("not a side file: \(folder)/\(name)") }
            try add(lines, from: name)
        }
        for (producer, process) in processes { logs[producer]?.ending = endings[process] ?? .left }
    }

    private mutating func add(_ lines: [(dropped: UInt64, line: SideLine)], from name: String) throws {
        guard let first = lines.first else { return }
        guard case .client(let pid, let seed, let isShared, let partitions, let time) = first.line else {
            throw TestFailure("\(name): the first line must be a client")
        }
        let process = Process(pid: pid, seed: seed)
        var start = Event.Start(host: HostIdentity.hostName, pid: String(pid), seed: String(seed))
        dropped += lines.last?.dropped ?? 0
        var current: (producer: ProducerID, index: Int)?
        /// The calls of a forked child before its producer is known.
        var inherited: History?
        var root: ProducerID?
        func append(_ history: History, of producer: ProducerID) {
            let new = ProducerLog(root: root ?? producer, partitions: partitions, start: time)
            logs[producer, default: new].histories.append(history)
            processes[producer] = process
            current = (producer, logs[producer]!.histories.count - 1)
        }
        for (index, entry) in lines.enumerated() {
            let next = index + 1 < lines.count ? lines[index + 1] : nil
            let hasDropped = next.map { $0.dropped > entry.dropped } ?? false
            switch entry.line {
            case .client, .began, .over, .flush, .flushed: continue
            case .slowest(let microseconds, let sleeps):
                if sleeps == 0 {
                    slowestAwake = max(slowestAwake, .microseconds(microseconds))
                } else {
                    slowestAsleep = max(slowestAsleep, .microseconds(microseconds))
                }
            case .closing: endings[process] = .unknown
            case .closed: endings[process] = .closed
            case .inherited(let text, let battery):
                let (id, owner) = try Self.ids(text, in: name)
                inherited = History(id: id, batteryIndex: battery, calls: [], isInherited: true)
                root = owner
            case .producer(let text, let seed):
                guard let history = inherited, let producer = ProducerID(text) else {
                    throw TestFailure("\(name): line \(index + 1) must follow an inherited experiment")
                }
                start.seed = String(seed)
                inherited = nil
                append(history, of: producer)
            case .begin(let battery, let variant):
                guard let next, case .began(let text) = next.line else {
                    openBegins.append(
                        OpenBegin(producer: current?.producer, start: start, battery: battery, variant: variant))
                    continue
                }
                let (id, producer) = try Self.ids(text, in: name)
                let declaration = History.declaration(battery, variant: variant)
                let calls = [Event.Body.battery(declaration), .start(start)].map {
                    History.Call(body: $0, isConfirmed: !hasDropped)
                }
                append(History(id: id, batteryIndex: battery, calls: calls), of: producer)
            case .resume(let text, let battery, let attempt, let from, let producerText):
                guard let id = ExperimentID(text), let producer = ProducerID(producerText) else {
                    throw TestFailure("\(name): line \(index + 1) must name an experiment and a producer")
                }
                var resumed = start
                (resumed.attempt, resumed.from) = (attempt, from)
                let calls = [Event.Body.battery(History.declaration(battery)), .start(resumed)].map {
                    History.Call(body: $0, isConfirmed: next != nil && !hasDropped)
                }
                append(
                    History(id: id, batteryIndex: battery, calls: calls, attempt: attempt, from: from), of: producer)
            default:
                guard let body = Event.Body(entry.line), current != nil || inherited != nil else {
                    throw TestFailure("\(name): line \(index + 1) must follow the begin of an experiment")
                }
                // If no other thread uses the client, the dropped event is the event of this call.
                if hasDropped && !isShared { continue }
                let call = History.Call(body: body, isConfirmed: next != nil && !hasDropped)
                if inherited != nil {
                    inherited?.calls.append(call)
                } else if let current {
                    logs[current.producer]?.histories[current.index].calls.append(call)
                }
            }
        }
        if let inherited, let root, !inherited.calls.isEmpty {
            openInheritances.append(OpenInheritance(history: inherited, root: root, partitions: partitions))
        }
    }

    /// Returns an experiment id of a client, and its producer.
    private static func ids(_ text: String, in name: String) throws -> (ExperimentID, ProducerID) {
        guard let id = ExperimentID(text), let producer = ProducerID(String(text.prefix { $0 != "-" })) else {
            throw TestFailure("\(name): not an experiment id with a producer: \(text)")
        }
        return (id, producer)
    }
}
