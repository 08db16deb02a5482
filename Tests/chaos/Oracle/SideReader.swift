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
    }

    private(set) var histories: [ProducerID: [History]] = [:]
    private(set) var openBegins: [OpenBegin] = []
    /// The number of events that clients dropped.
    private(set) var dropped: UInt64 = 0

    /// Reads all side files of a folder.
    ///
    /// - Throws: ``TestFailure`` if a file is not a valid side file.
    init(folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            guard let lines = SideFile.read(text) else { throw TestFailure("not a side file: \(folder)/\(name)") }
            try add(lines, from: name)
        }
    }

    private mutating func add(_ lines: [(dropped: UInt64, line: SideLine)], from name: String) throws {
        guard let first = lines.first else { return }
        guard case .client(let pid, let seed, let isShared) = first.line else {
            throw TestFailure("\(name): the first line must be a client")
        }
        let start = Event.Start(host: HostIdentity.hostName, pid: String(pid), seed: String(seed))
        dropped += lines.last?.dropped ?? 0
        var current: (producer: ProducerID, index: Int)?
        for (index, entry) in lines.enumerated() {
            let next = index + 1 < lines.count ? lines[index + 1] : nil
            let hasDropped = next.map { $0.dropped > entry.dropped } ?? false
            switch entry.line {
            case .client, .over: continue
            case .begin(let battery):
                guard let next, case .began(let text) = next.line else {
                    openBegins.append(OpenBegin(producer: current?.producer, start: start, battery: battery))
                    continue
                }
                guard let id = ExperimentID(text), let producer = ProducerID(String(text.prefix { $0 != "-" })) else {
                    throw TestFailure("\(name): not an experiment id with a producer: \(text)")
                }
                let calls = [Event.Body.battery(History.declaration(battery)), .start(start)].map {
                    History.Call(body: $0, isConfirmed: !hasDropped)
                }
                histories[producer, default: []].append(
                    History(id: id, battery: History.battery(battery), calls: calls))
                current = (producer, histories[producer, default: []].count - 1)
            case .began: continue
            default:
                guard let current, let body = Event.Body(entry.line) else {
                    throw TestFailure("\(name): line \(index + 1) must follow the begin of an experiment")
                }
                // If no other thread uses the client, the dropped event is the event of this call.
                if hasDropped && !isShared { continue }
                histories[current.producer]?[current.index].calls.append(
                    History.Call(body: body, isConfirmed: next != nil && !hasDropped))
            }
        }
    }
}
