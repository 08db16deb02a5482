import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

@Suite("Reading ahead")
struct PrefetcherTests {
    private let server: RedisServer
    private let space: Keyspace
    private let ahead: Prefetcher
    private let patience = CancellationShield(ShutdownFlag())

    init() throws {
        server = try RedisServer(appendOnly: false)
        space = try Keyspace.all()[0]
        ahead = Prefetcher(try RedisURL(server.url) { _ in nil }, space: space)
    }

    private func add(_ ids: ClosedRange<Int>) {
        for id in ids {
            server.cli("XADD", space.events, "\(id)-0", "event", "start", "experiment", "e", "battery", "b")
        }
    }

    private func read(after id: UInt64, count: Int) throws(RedisError) -> [UInt64]? {
        try ahead.ask(after: StreamID(milliseconds: id, sequence: 0), count: count)
        let found = try ahead.take(atMost: .seconds(60), patience)
        #expect(found.map { $0.batch.items.count == $0.read.count } != false)
        return found?.batch.items.map(\.id.milliseconds)
    }

    /// Ends the thread and its connection.
    private func end() {
        ahead.end()
        #expect(eventually { !server.cli("CLIENT", "LIST").contains("hypero-ingest-ahead") })
    }

    @Test("gives what comes after an id, decoded, and goes on behind it")
    func inOrder() throws {
        add(1...10)
        #expect(try read(after: 0, count: 4) == [1, 2, 3, 4])
        #expect(try read(after: 4, count: 4) == [5, 6, 7, 8])
        #expect(try read(after: 8, count: 4) == [9, 10])
        #expect(try read(after: 10, count: 4) == [])
        end()
    }

    @Test("forgets what it read for another question")
    func another() throws {
        add(1...10)
        #expect(try read(after: 0, count: 2) == [1, 2])
        // It has asked for what comes after 2 already.
        #expect(try read(after: 7, count: 2) == [8, 9])
        try ahead.ask(after: .zero, count: 2)
        #expect(try read(after: 3, count: 1) == [4])
        end()
    }

    @Test("says why it could not read, and reads on when that is mended")
    func mended() throws {
        server.cli("SET", space.events, "no stream")
        let error = redisError { _ = try read(after: 0, count: 1) }
        #expect(error?.description.contains(space.events) == true)
        #expect(error?.category == .refused)
        server.cli("DEL", space.events)
        add(1...3)
        // With less than was asked for, no other question is under way.
        #expect(try read(after: 0, count: 4) == [1, 2, 3])
        server.cli("CLIENT", "KILL", "TYPE", "normal")
        #expect(redisError { _ = try read(after: 2, count: 2) }?.category == .connection)
        #expect(try read(after: 2, count: 2) == [3])
        end()
    }

    @Test("waits no longer than it is told to")
    func waiting() throws {
        add(1...2)
        server.suspend()
        try ahead.ask(after: .zero, count: 1)
        #expect(try ahead.take(atMost: .zero, patience) == nil)
        #expect(try ahead.take(atMost: .milliseconds(1), patience) == nil)
        server.resume()
        #expect(try ahead.take(atMost: .seconds(60), patience)?.read.count == 1)
        let stop = ShutdownFlag()
        stop.request()
        server.suspend()
        try ahead.ask(after: StreamID(milliseconds: 2, sequence: 0), count: 1)
        #expect(try ahead.take(atMost: .seconds(60), CancellationShield(stop)) == nil)
        server.resume()
        end()
    }
}

/// The error that a body ends with.
private func redisError(_ body: () throws -> Void) -> RedisError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RedisError
    }
}
