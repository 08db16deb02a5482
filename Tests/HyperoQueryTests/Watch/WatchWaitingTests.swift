import HyperoSchema
import TestSupport
import Testing

/// hypero-query watch of a battery that is not declared yet.
@Suite struct WatchWaitingTests {
    private let fixture: Fixture

    init() throws { (fixture, _) = try Fixture.net() }

    private let message = "hypero-query: waiting for battery 'nest'. Did you mean 'net'?\n"

    @Test func `Lines begin with the declaration, and no line is one of another battery`() throws {
        let lines = try ChildProcess("hypero-query", ["watch", "nest"], environment: fixture.environment)
        #expect(eventually { lines.stderr == message })
        #expect(lines.stdout == "")
        let nest = BatteryID(name: "nest", version: 1, description: "d")
        let net = BatteryID(name: "net", version: 1, description: "")
        try fixture.log("event=end status=done battery=\(net.text) experiment=a-1", at: 1)
        try fixture.log("event=battery name=nest version=1 description=d battery=\(nest.text)", at: 2)
        try fixture.log("event=epoch battery=\(nest.text) experiment=c-1 epoch=1 curve.valid=0.7", at: 3) {
            fixture.battery("nest", description: "d")
            fixture.experiment("c-1", of: nest, maxima: ["valid": "0.7"])
        }
        #expect(eventually { lines.stdout.contains(#""event":"rank""#) && lines.stderr != message })
        lines.interrupt()
        #expect(lines.wait() == .exited(0))
        #expect(lines.stderr == message + "hypero-query: the battery is declared\n")
        #expect(lines.stdout.split(separator: "\n").count == 3 && !lines.stdout.contains(net.text))
        #expect(lines.stdout.contains(#""event":"battery","battery":"\#(nest.text)""#))
    }

    @Test func `A screen waits too, also of rank --watch`() throws {
        let screens = try [["watch", "nest"], ["rank", "nest", "--watch"]].map {
            try TerminalProcess("hypero-query", $0, environment: fixture.environment)
        }
        for screen in screens {
            #expect(eventually { screen.frame.contains("waiting for battery 'nest'. Did you mean 'net'?") })
        }
        fixture.experiment("c-1", of: fixture.battery("nest"), maxima: ["valid": "0.7"])
        try fixture.commit()
        for screen in screens {
            #expect(eventually { screen.frame.contains("c-1") && !screen.frame.contains("waiting for") })
            screen.type("q")
            #expect(screen.process.wait() == .exited(0))
        }
    }

    @Test func `A version that is not declared is waited for`() throws {
        let lines = try ChildProcess(
            "hypero-query", ["watch", "net", "--version", "2", "--count", "1"], environment: fixture.environment)
        #expect(
            eventually { lines.stderr == "hypero-query: waiting for version 2 of battery 'net', which has 1\n" })
        fixture.experiment("c-1", of: fixture.battery("net", version: 2), maxima: ["valid": "0.7"])
        try fixture.commit()
        #expect(lines.wait() == .exited(0))
        #expect(lines.stdout.contains(#""rank":1,"experiment":"c-1""#))
    }
}
