import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// The ends that the adopter of a journal adds for the experiments that the dead process has left open.
@Suite("The experiments that a dead process has left open", .serialized)
struct LostTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private var path: String { fixture.folder.file("journal") }

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
    }

    /// Returns the `end` events of the stream, with their experiments.
    private func ends() throws -> [(experiment: String, status: ExperimentStatus, seq: UInt64, time: Int64)] {
        try server.entries().compactMap { entry in
            guard let event = entry.event, case .end(let status, _, _) = event.body, let origin = event.origin else {
                return nil
            }
            return (event.experiment?.text ?? "", status, origin.seq, event.time ?? 0)
        }
    }

    /// Adopts all journals like the command, as far as the server allows without an ingest.
    private static func adopt(_ path: String, _ url: String, applied: Bool = false) throws -> Int {
        let server = try RedisURL(url)
        var adoption = Adoption(
            Adoption.Scope(
                root: try JournalRoot(existing: path, environment: { _ in nil }), url: server,
                keyspaces: try Keyspace.all(), matchesServer: true, durabilityWindow: .zero, notify: { _ in }))
        adoption.scan()
        var connection = try RedisConnection.open(to: server, name: "test", timeout: .seconds(60))
        let isDone = eventually(within: .seconds(60)) {
            while true {
                switch adoption.step() {
                case .worked: continue
                case .idle: return true
                case .waiting:
                    guard adoption.waitingJournals == adoption.openJournals else { return false }
                    guard applied else { return true }
                    for (name, seq) in (try? Self.lastSeqs(connection: &connection)) ?? [:] {
                        _ = try? connection.call("HSET", "{hypero}:producer:\(name)", "seq", String(seq))
                    }
                    return false
                }
            }
        }
        adoption.stop()
        #expect(isDone)
        return adoption.inheritedJournals
    }

    /// Returns the last sequence number of each producer in the stream.
    private static func lastSeqs(connection: inout RedisConnection) throws -> [String: UInt64] {
        var reply = try connection.call("XRANGE", "{hypero}:events", "-", "+")
        var seqs: [String: UInt64] = [:]
        for _ in 0..<(try reply.array() ?? 0) {
            _ = try reply.array()
            _ = try reply.string()
            let fields = try reply.pairs()
            guard let producer = fields.first(where: { $0.name == EventField.producer })?.value,
                let seq = fields.first(where: { $0.name == EventField.seq }).flatMap({ UInt64($0.value) })
            else { continue }
            seqs[producer] = max(seqs[producer] ?? 0, seq)
        }
        return seqs
    }

    @Test
    func
        `The next client ends them as lost, under the dead producer's next numbers and at the times of their last records`()
        async throws
    {
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = server.url as String, path = path as String] in
            let hypero = try ExitTests.client(url, journal: path, exitTimeout: nil)
            let battery = hypero.battery("b")
            let experiments = (0..<12).map { _ in battery.experiment() }
            for experiment in experiments { experiment.log(epoch: 1, valid: 1) }
            experiments[0].finish()
            experiments[2].fail("x")
            battery.experiment(resuming: "other-7").log(epoch: 3, valid: 1)
            #expect(hypero.flush(until: .sent, timeout: .seconds(60)))
            kill(getpid(), SIGKILL)
        }
        let before = try server.entries()
        let producer = try #require(before.first?.event?.origin).producer
        let adopter = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? ends().count) == 2 + 11 })
        let lost = try ends().dropFirst(2)
        #expect(lost.allSatisfy { $0.status == .lost })
        let numbers = [2] + Array(4...12)
        #expect(lost.map(\.experiment) == numbers.map { "\(producer.text)-\($0)" } + ["other-7"])
        let last = UInt64(before.count)
        #expect(lost.map(\.seq) == Array(last + 1...last + 11))
        for end in lost {
            let times = before.compactMap(\.event).filter { $0.experiment?.text == end.experiment }.compactMap(\.time)
            #expect(end.time == times.max())
        }
        #expect(adopter.close(timeout: .seconds(60)))
        // Without an ingest the journal stays. Another adopter gives the same numbers, and sends nothing again.
        let count = try server.entries().count
        _ = try Self.adopt(path, server.url)
        #expect(try server.entries().count == count)
    }

    @Test func `They are ended as lost too if the process has ended by exit, but not if the client was closed`()
        async throws
    {
        for isClosed in [false, true] {
            await #expect(processExitsWith: .success) {
                [url = server.url as String, path = path as String, isClosed = isClosed as Bool] in
                let hypero = try ExitTests.client(url, journal: path, exitTimeout: "60")
                hypero.battery("b").experiment().log(epoch: 1, valid: 1)
                if isClosed { #expect(hypero.close(timeout: .seconds(60))) }
                withExtendedLifetime(hypero) { exit(0) }
            }
            _ = try Self.adopt(path, server.url)
            #expect(try ends().map(\.status) == [.lost])
        }
        #expect(fixture.journals.count == 2)
    }

    @Test func `An experiment is ended as lost although the segment with its start was removed`() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = server.url as String, path = path as String] in
            var configuration = Client.Configuration(url: url)
            configuration.environment = { $0 == "HYPERO_JOURNAL" ? path : nil }
            configuration.segmentSize = 16 << 10
            configuration.durabilityWindow = .zero
            let client = try Client(configuration)
            let battery = Hypero(client).battery("b")
            let (ended, idle) = (battery.experiment(), battery.experiment())
            idle.insertHP("a", 1)
            for epoch in 0..<2_000 { ended.log(epoch: epoch, valid: 1) }
            ended.finish()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            var connection = try RedisConnection.open(to: try RedisURL(url), name: "test", timeout: .seconds(60))
            let accepted = String(client.counters.accepted)
            _ = try connection.call("HSET", "{hypero}:producer:\(client.producer.text)", "seq", accepted)
            #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
            let first = "\(path)/\(client.producer.text)/1.segment"
            #expect(eventually(within: .seconds(60)) { !FileManager.default.fileExists(atPath: first) })
            kill(getpid(), SIGKILL)
        }
        _ = try Self.adopt(path, server.url, applied: true)
        let lost = try ends().filter { $0.status == .lost }
        #expect(lost.map { $0.experiment.suffix(2) } == ["-2"])
        #expect(fixture.journals == [])
    }

    @Test(.forks) func `An experiment is not ended while a forked child of its process lives, and is ended after that`()
        async
    {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let (path, url) = (fixture.folder.file("journal"), server.url)
            let (hasLogged, mayEnd) = (try ForkSignal(), try ForkSignal())
            let parent = Fork.child {
                guard let hypero = try? ExitTests.client(url, journal: path, exitTimeout: nil) else { return false }
                let experiment = hypero.battery("b").experiment()
                _ = hypero.flush(until: .sent, timeout: .seconds(60))
                _ = Fork.child {
                    experiment.log(epoch: 1, valid: 1)
                    _ = hypero.flush(until: .sent, timeout: .seconds(60))
                    hasLogged.send()
                    _ = mayEnd.wait()
                    return Fork.killSelf()
                }
                return Fork.killSelf()
            }
            #expect(Fork.wait(for: parent, seconds: 60) == nil)
            #expect(hasLogged.wait() != nil)
            func lost() throws -> Int {
                try server.entries().count { $0.event?.body == .end(.lost, reason: nil) }
            }
            // The child may have adopted the journal itself.
            _ = try LostTests.adopt(path, url, applied: true)
            #expect(try lost() == 0)
            #expect(fixture.journals.count == 2)
            mayEnd.send()
            #expect(
                eventually(within: .seconds(60)) {
                    guard (try? LostTests.adopt(path, url, applied: true)) != nil else { return false }
                    return (try? lost()) == 1 && fixture.journals == []
                })
        }
    }

    /// Logs in another process that is then killed. Its journal stays, because there is no ingest.
    private func leaveExperiment() async {
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = server.url as String, path = path as String] in
            let hypero = try ExitTests.client(url, journal: path, exitTimeout: nil)
            hypero.battery("b").experiment().log(epoch: 1, valid: 1)
            #expect(hypero.flush(until: .sent, timeout: .seconds(60)))
            kill(getpid(), SIGKILL)
        }
    }

    /// The path of a file in the only journal.
    private func file(_ name: String) throws -> URL {
        URL(fileURLWithPath: "\(path)/\(try #require(fixture.journals.first))/\(name)")
    }

    @Test func `An experiment is ended as lost although all segments with records were removed`() async throws {
        await leaveExperiment()
        // As after the removal of the full segments, before a record is in the next one.
        let text =
            "last 3\n1 1764162000000 b.v1.\(try #require(server.entries().last?.event?.battery?.text.suffix(8)))\n"
        try Data(text.utf8).write(to: file("open"))
        chmod(try file("open").path, 0o600)
        var segment = try Data(contentsOf: file("1.segment"))
        segment.replaceSubrange(SegmentHeader.size..., with: Data(count: segment.count - SegmentHeader.size))
        try segment.write(to: file("1.segment"))
        chmod(try file("1.segment").path, 0o600)
        _ = try Self.adopt(path, server.url, applied: true)
        let ends = try ends()
        #expect(ends.map(\.seq) == [4])
        #expect(ends.map(\.status) == [.lost] && ends.map { $0.experiment.suffix(2) } == ["-1"])
        #expect(fixture.journals == [])
    }

    @Test func `The experiments of a journal of the first format, which has no mark of a close, are not ended`()
        async throws
    {
        await leaveExperiment()
        // Also in the segment that the client has created ahead.
        for path in fixture.segments.map({ fixture.folder.file("journal/\($0)") }) {
            let url = URL(fileURLWithPath: path)
            var segment = Array(try Data(contentsOf: url))
            try segment.withUnsafeMutableBytes { bytes in
                let base = try #require(bytes.baseAddress)
                guard case .header(var header) = SegmentHeader.read(from: base, space: bytes.count) else {
                    throw TestFailure("no header")
                }
                header.format = SegmentHeader.oldestVersion
                header.write(to: base)
            }
            try Data(segment).write(to: url)
            chmod(path, 0o600)
        }
        _ = try Self.adopt(path, server.url, applied: true)
        #expect(try ends().isEmpty)
        #expect(fixture.journals == [])
    }

    @Test func `The file of the open experiments is read back, without lines that are damaged`() throws {
        let text = """
            last 5120
            17 1764162000000 digits.v1.29ad403f
            x 1 b.v1.0
            4294967295 1764162000001 digits.v1.29ad403f k3v9x2mq7d-17
            4294967295 3 b.v1.0
            5 6 b.v1.0 other-1
            7 8 UPPER
            """
        let open = try #require(OpenExperiments(text: text))
        let numbers = [OpenExperiments.Subject(number: 17, id: ""), .init(number: .max, id: "k3v9x2mq7d-17")]
        #expect(open.entries.keys.sorted() == numbers)
        #expect(open.lastSeq == 5_120)
        #expect(OpenExperiments(text: open.text(isClosed: false)) == open)
        #expect(OpenExperiments(text: open.text(isClosed: true)) == nil)
        #expect(OpenExperiments(text: "\0\0\0")?.isEmpty == true)
    }
}
