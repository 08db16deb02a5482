import ChaosLog
import Foundation
import HyperoCore
import HyperoSchema
import TestSupport

/// The calls of all threads of a run in which the server forgets everything, read from their side files.
struct SideCalls {
    /// The sizes of the side files after the last FLUSHALL. A line beyond its file's mark was written afterwards.
    struct Marks {
        var sizes: [String: Int] = [:]
        /// The time of the last FLUSHALL in Unix milliseconds.
        var time: Int64 = 0

        init() {}

        init(of folder: String) throws {
            time = WallClock.milliseconds
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                sizes[name] = (attributes[.size] as? Int) ?? 0
            }
        }
    }

    struct Call {
        let body: Event.Body
        /// The index of the line in its file.
        let position: Int
        /// False if the thread was killed during the call, or the client dropped an event during it.
        let isConfirmed: Bool
        /// True if the event must be in the indexes.
        var isRequired = false
        /// The reason why it must be there.
        var claim = ""
        /// True if `flush` has confirmed the event after the last FLUSHALL.
        var isFlushed = false
    }

    struct Experiment {
        let id: ExperimentID
        var calls: [Call] = []
        /// True if its process has lived for long after the last FLUSHALL, and has sent all that it had to send.
        var isSettled = false

        var attempt: ExpectedValues.Attempt { ExpectedValues.Attempt(number: 1, from: nil, calls: calls.map(\.body)) }
    }

    private(set) var experiments: [ExperimentID: Experiment] = [:]
    /// The processes with an interrupted call for a new experiment.
    private(set) var interrupted: [(pid: String, producer: String?)] = []
    private(set) var dropped: UInt64 = 0
    private(set) var threadCount = 0

    /// The milliseconds after which a client has found out that the server has forgotten everything, and has restored what is
    /// open. It looks once a second.
    private static let settlingTime: Int64 = 5_000

    init(folder: String, marks: Marks) throws {
        var files: [(name: String, mark: Int, lines: [(dropped: UInt64, line: SideLine)])] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            guard let lines = SideFile.read(text) else { throw TestFailure("not a side file: \(folder)/\(name)") }
            files.append((name, text.utf8.prefix(marks.sizes[name] ?? 0).count { $0 == UInt8(ascii: "\n") }, lines))
        }
        // One thread of a process closes the client.
        let closed = files.filter { file in file.lines.contains { if case .closed = $0.line { true } else { false } } }
            .compactMap { Self.pid(of: $0.lines) }
        for file in files {
            let isClosed = Self.pid(of: file.lines).map { closed.contains($0) } ?? false
            try add(
                file.lines, mark: file.mark, settled: isClosed ? marks.time + Self.settlingTime : .max, from: file.name)
        }
    }

    private static func pid(of lines: [(dropped: UInt64, line: SideLine)]) -> Int? {
        guard case .client(let pid, _, _, _, _)? = lines.first?.line else { return nil }
        return Int(pid)
    }

    /// - Parameters:
    ///   - mark: the index of the first line that was written after the last FLUSHALL.
    ///   - settled: the time in Unix milliseconds after which the process is known to have restored its experiments; the
    ///     highest one if it was not done with all that it had to send before it ended.
    private mutating func add(
        _ lines: [(dropped: UInt64, line: SideLine)], mark: Int, settled: Int64, from name: String
    ) throws {
        guard case .client(let pid, let seed, _, _, _)? = lines.first?.line else { return }
        threadCount += 1
        dropped += lines.last?.dropped ?? 0
        let isSettled = lines.contains { if case .flush(let time) = $0.line { time >= settled } else { false } }
        var found: [Experiment] = []
        var open: [Int: Int] = [:]
        var flushes: (call: Int, lines: [Int]) = (0, [])
        for (index, entry) in lines.enumerated() {
            let next = index + 1 < lines.count ? lines[index + 1] : nil
            let isConfirmed = next.map { $0.dropped == entry.dropped } ?? false
            var bodies: [Event.Body] = []
            switch entry.line {
            case .began(let text):
                guard let id = ExperimentID(text) else { throw TestFailure("\(name): not an id: \(text)") }
                found.append(Experiment(id: id))
                bodies = [.start(Event.Start(host: HostIdentity.hostName, pid: String(pid), seed: String(seed)))]
            case .begin:
                if case .began? = next?.line { continue }
                interrupted.append((String(pid), found.last.map { String($0.id.text.prefix { $0 != "-" }) }))
            case .flush: flushes.call = index
            case .flushed where flushes.call >= mark: flushes.lines.append(flushes.call)
            default: bodies = Event.Body(entry.line).map { [$0] } ?? []
            }
            guard let last = found.indices.last else { continue }
            for body in bodies {
                var call = Call(body: body, position: index, isConfirmed: isConfirmed || body.isStart)
                // The line of a new experiment's id follows its call.
                let isAfter = (body.isStart ? index - 1 : index) >= mark
                if call.isConfirmed, isAfter {
                    (call.isRequired, call.claim) = (true, "logged after FLUSHALL")
                }
                found[last].calls.append(call)
                if !body.isEnd { open[last] = index } else if index < mark { open[last] = nil }
            }
        }
        let lastFlush = flushes.lines.last ?? 0
        for (index, experiment) in found.enumerated() {
            var experiment = experiment
            experiment.isSettled = isSettled
            let wasOpen = open[index] != nil
            for (number, call) in experiment.calls.enumerated() where call.isConfirmed {
                experiment.calls[number].isFlushed = call.position < lastFlush
                if call.isRequired { continue }
                if call.position < lastFlush {
                    experiment.calls[number].isRequired = true
                    experiment.calls[number].claim = "confirmed by a flush"
                } else if isSettled, wasOpen, call.body.isDescription {
                    experiment.calls[number].isRequired = true
                    experiment.calls[number].claim = "of an open experiment"
                }
            }
            experiments[experiment.id] = experiment
        }
    }
}

extension Event.Body {
    /// True for the start, the hyper-parameters and the metadata of an experiment.
    fileprivate var isDescription: Bool {
        switch self {
        case .start, .param, .meta: true
        case .battery, .epoch, .curve, .maxima, .end, .alive, .search, .claim, .enqueue: false
        }
    }
}
