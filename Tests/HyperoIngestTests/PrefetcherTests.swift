import HyperoIngest
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite struct PrefetcherTests {
    private let server: RedisServer
    private let keyspace: Keyspace
    private let prefetcher: Prefetcher
    private let shield = CancellationShield(ShutdownFlag())

    init() throws {
        server = try RedisServer(appendOnly: false)
        keyspace = try Keyspace.all()[0]
        prefetcher = Prefetcher(try RedisURL(server.url) { _ in nil }, keyspace: keyspace)
    }

    private func add(_ ids: ClosedRange<Int>) {
        for id in ids {
            server.cli("XADD", keyspace.events, "\(id)-0", "event", "start", "experiment", "e", "battery", "b")
        }
    }

    private func read(after id: UInt64, count: Int) throws(RedisError) -> [UInt64]? {
        try prefetcher.request(after: StreamID(milliseconds: id, sequence: 0), count: count)
        let read = try prefetcher.receive(waitingAtMost: .seconds(60), shield: shield)
        #expect(read.map { $0.batch.items.count == $0.reply.count } != false)
        return read?.batch.items.map(\.id.milliseconds)
    }

    /// Ends the thread and its connection.
    private func stop() {
        prefetcher.stop()
        #expect(eventually { !server.cli("CLIENT", "LIST").contains("hypero-ingest-ahead") })
    }

    @Test func `The prefetcher returns the entries after an id, decoded, and continues after them`() throws {
        add(1...10)
        #expect(try read(after: 0, count: 4) == [1, 2, 3, 4])
        #expect(try read(after: 4, count: 4) == [5, 6, 7, 8])
        #expect(try read(after: 8, count: 4) == [9, 10])
        #expect(try read(after: 10, count: 4) == [])
        stop()
    }

    @Test func `The prefetcher discards the entries that it has read for another request`() throws {
        add(1...10)
        #expect(try read(after: 0, count: 2) == [1, 2])
        // The prefetcher has already sent an XREAD of the entries after 2.
        #expect(try read(after: 7, count: 2) == [8, 9])
        try prefetcher.request(after: .zero, count: 2)
        #expect(try read(after: 3, count: 1) == [4])
        stop()
    }

    @Test func `The prefetcher reports the error of a read, and reads again after the cause is removed`() throws {
        server.cli("SET", keyspace.events, "no stream")
        let error = redisError { _ = try read(after: 0, count: 1) }
        #expect(error?.description.contains(keyspace.events) == true)
        #expect(error?.category == .refused)
        server.cli("DEL", keyspace.events)
        add(1...3)
        // With fewer entries than requested, no further XREAD is sent.
        #expect(try read(after: 0, count: 4) == [1, 2, 3])
        server.cli("CLIENT", "KILL", "TYPE", "normal")
        #expect(redisError { _ = try read(after: 2, count: 2) }?.category == .connection)
        #expect(try read(after: 2, count: 2) == [3])
        stop()
    }

    @Test func `A batch ends before its curves have too many numbers for one transaction`() throws {
        let numbers = (1...8_000).map(String.init).joined(separator: " ")
        for id in 1...40 {
            server.cli(
                "XADD", keyspace.events, "\(id)-0", "event", "curve", "experiment", "e", "battery", "b", "curve.valid",
                numbers)
        }
        var last: UInt64 = 0
        var counts: [Int] = []
        while last < 40 {
            try prefetcher.request(after: StreamID(milliseconds: last, sequence: 0), count: 100)
            let read = try #require(try prefetcher.receive(waitingAtMost: .seconds(60), shield: shield))
            let items = read.batch.items
            counts.append(items.count)
            last = try #require(items.last).id.milliseconds
            #expect(read.mayHaveMore == (last < 40))
        }
        #expect(counts == [17, 17, 6])
        stop()
    }

    @Test func `The prefetcher does not read from another server than its owner`() throws {
        add(1...2)
        let url = try RedisURL(server.url) { _ in nil }
        let id = try #require(
            server.cli("INFO", "server").split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }
        ).dropFirst(7)
        for (serverID, isSame) in [(String(id), true), ("of another server", false)] {
            let prefetcher = Prefetcher(url, keyspace: keyspace, serverID: serverID)
            defer { prefetcher.stop() }
            try prefetcher.request(after: .zero, count: 2)
            var count: Int?
            let error = redisError {
                count = try prefetcher.receive(waitingAtMost: .seconds(60), shield: shield)?.reply.count
            }
            #expect(count == (isSame ? 2 : nil))
            #expect((error == nil) == isSame)
            if !isSame { #expect(error?.description.contains("leads to several servers") == true) }
        }
    }

    @Test func `A wait for the prefetcher ends at its timeout, and at once after shutdown`() throws {
        add(1...2)
        server.suspend()
        try prefetcher.request(after: .zero, count: 1)
        #expect(try prefetcher.receive(waitingAtMost: .zero, shield: shield) == nil)
        #expect(try prefetcher.receive(waitingAtMost: .milliseconds(1), shield: shield) == nil)
        server.resume()
        #expect(try prefetcher.receive(waitingAtMost: .seconds(60), shield: shield)?.reply.count == 1)
        let shutdown = ShutdownFlag()
        shutdown.request()
        server.suspend()
        try prefetcher.request(after: StreamID(milliseconds: 2, sequence: 0), count: 1)
        #expect(try prefetcher.receive(waitingAtMost: .seconds(60), shield: CancellationShield(shutdown)) == nil)
        server.resume()
        stop()
    }
}

/// Returns the error that a body throws.
private func redisError(_ body: () throws -> Void) -> RedisError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RedisError
    }
}
