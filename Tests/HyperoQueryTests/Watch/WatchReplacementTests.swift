import HyperoSchema
import TestSupport
import Testing

/// hypero-query watch of a server that loses its data, has older data or hangs.
@Suite struct WatchReplacementTests {
    private let server: RedisServer
    private let fixture: Fixture
    private let battery: BatteryID

    init() throws {
        server = try RedisServer()
        (fixture, battery) = try Fixture.net(on: server)
        try fixture.log("event=end status=done battery=\(battery.text) experiment=b-1", at: 1_000)
    }

    private static let note = "hypero-query: note: Redis has other data than before, so everything is read again"

    private func lines() throws -> ChildProcess {
        let lines = try ChildProcess("hypero-query", ["watch", "net"], environment: fixture.environment)
        #expect(eventually { lines.stdout.contains(#""experiment":"b-1""#) })
        return lines
    }

    @Test(arguments: ["FLUSHALL", "FLUSHDB"])
    func `Rows of deleted data leave without an event, and those of new data follow`(command: String) throws {
        let lines = try lines()
        let screen = try TerminalProcess("hypero-query", ["watch", "net"], environment: fixture.environment)
        #expect(eventually { screen.frame.contains("b-1") })
        server.cli(command)
        #expect(eventually { lines.stdout.split(separator: "\n").count { $0.contains(#""rank":null"#) } == 2 })
        #expect(
            eventually {
                screen.frame.contains("waiting for battery 'net', no battery is declared yet")
                    && !screen.frame.contains("b-1")
            })
        #expect(lines.stderr == Self.note + "\nhypero-query: waiting for battery 'net', no battery is declared yet\n")
        fixture.experiment("c-1", of: fixture.battery("net"), maxima: ["valid": "0.7"])
        try fixture.commit()
        #expect(eventually { lines.stdout.contains(#""previous":null,"rank":1,"experiment":"c-1""#) })
        #expect(eventually { screen.frame.contains("c-1") && !screen.frame.contains("waiting for") })
        lines.interrupt()
        #expect(lines.wait() == .exited(0) && lines.stderr.hasSuffix("hypero-query: the battery is declared\n"))
    }

    @Test(arguments: [("\(Fixture.noon)-0", "0"), ("\(Fixture.noon + 9_000)-0", "7")])
    func `An older state is read without an event, also if its ingest has already applied new events`(
        cursor: String, applied: String
    ) throws {
        fixture.write("HSET", fixture.keyspaces[0].ingest, IngestField.applied, "20")
        try fixture.commit()
        let lines = try lines()
        fixture.write("ZREM", fixture.keyspaces[0].rank(of: battery, by: "valid"), "b-1")
        fixture.write(
            "HSET", fixture.keyspaces[0].ingest, IngestField.cursor, cursor, IngestField.applied, applied)
        try fixture.commit()
        #expect(eventually { lines.stdout.hasSuffix(#""previous":2,"rank":null,"experiment":"b-1"}"# + "\n") })
        #expect(lines.stderr == Self.note + "\n")
    }

    @Test func `A server that hangs is a message until it answers again`() throws {
        let lines = try lines()
        let screen = try TerminalProcess("hypero-query", ["watch", "net"], environment: fixture.environment)
        #expect(eventually { screen.frame.contains("b-1") })
        server.suspend()
        #expect(eventually { lines.stderr.contains("Redis is not reachable: timed out") })
        #expect(eventually { screen.frame.contains("Redis is not reachable: timed out") })
        #expect(screen.frame.contains("b-1"))
        server.resume()
        #expect(eventually { lines.stderr.hasSuffix("Trying again\nhypero-query: Redis answers again\n") })
        #expect(eventually { !screen.frame.contains("Redis is not reachable") && screen.frame.contains("b-1") })
    }
}
