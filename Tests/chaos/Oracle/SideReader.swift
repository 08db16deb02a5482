import ChaosLog
import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport

/// What all producers of a run logged, from their side files.
struct SideReader {
    /// A call for a new experiment whose outcome was not written down: it may be there, under an id nobody knows.
    struct OpenBegin {
        /// Whose it was; nil when the process had begun none before.
        var producer: ProducerID?
        var start: Event.Start
        var battery: Int
    }

    private(set) var histories: [ProducerID: [History]] = [:]
    private(set) var openBegins: [OpenBegin] = []
    /// Events that clients did not take.
    private(set) var dropped: UInt64 = 0

    /// Reads all side files of a folder.
    init(folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            guard let lines = SideFile.read(text) else { throw TestFailure("\(folder)/\(name) is no side file") }
            try take(lines, from: name)
        }
    }

    private mutating func take(_ lines: [(dropped: UInt64, line: SideLine)], from name: String) throws {
        guard let first = lines.first else { return }
        guard case .client(let pid, let seed, let isShared) = first.line else {
            throw TestFailure("\(name) does not begin with its client")
        }
        let start = Event.Start(host: HostIdentity.hostName, pid: String(pid), seed: String(seed))
        dropped += lines.last?.dropped ?? 0
        var current: (producer: ProducerID, index: Int)?
        for (index, entry) in lines.enumerated() {
            let next = index + 1 < lines.count ? lines[index + 1] : nil
            let rose = next.map { $0.dropped > entry.dropped } ?? false
            switch entry.line {
            case .client, .over: continue
            case .begin(let battery):
                guard let next, case .began(let text) = next.line else {
                    openBegins.append(OpenBegin(producer: current?.producer, start: start, battery: battery))
                    continue
                }
                guard let id = ExperimentID(text), let producer = ProducerID(String(text.prefix { $0 != "-" })) else {
                    throw TestFailure("\(name): \(text) is no experiment of a producer")
                }
                let calls = [Event.Body.battery(History.declaration(battery)), .start(start)].map {
                    History.Call(body: $0, isSure: !rose)
                }
                histories[producer, default: []].append(
                    History(id: id, battery: History.battery(battery), calls: calls))
                current = (producer, histories[producer, default: []].count - 1)
            case .began: continue
            default:
                guard let current, let body = Event.Body(entry.line) else {
                    throw TestFailure("\(name): a call without an experiment")
                }
                // A client of this thread alone: what was dropped was this call.
                if rose && !isShared { continue }
                histories[current.producer]?[current.index].calls.append(
                    History.Call(body: body, isSure: next != nil && !rose))
            }
        }
    }
}
