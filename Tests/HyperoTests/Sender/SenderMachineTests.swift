import HyperoCore
import HyperoRedis
import Testing

@testable import Hypero

@Suite("The sender's state machine")
struct SenderMachineTests {
    typealias State = SenderMachine.State
    typealias Action = SenderMachine.Action
    typealias Work = SenderMachine.Work

    /// Returns a time on the test's own clock.
    private static func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private static let nothing = Work(hasEvents: false, isWatermarkDue: false, isEnding: false, endsWhenSent: false)
    private static let events = Work(hasEvents: true, isWatermarkDue: false, isEnding: false, endsWhenSent: false)
    private static let watermark = Work(hasEvents: false, isWatermarkDue: true, isEnding: false, endsWhenSent: false)
    private static let both = Work(hasEvents: true, isWatermarkDue: true, isEnding: false, endsWhenSent: false)

    private static func closing(_ work: Work) -> Work {
        Work(
            hasEvents: work.hasEvents, isWatermarkDue: work.isWatermarkDue, isEnding: true,
            endsWhenSent: work.endsWhenSent)
    }

    private static func withoutHandles(_ work: Work) -> Work {
        Work(
            hasEvents: work.hasEvents, isWatermarkDue: work.isWatermarkDue, isEnding: work.isEnding,
            endsWhenSent: true)
    }

    /// The initial state of a machine. The states that wait end at 1,000 ms.
    private enum Start: CaseIterable {
        case fresh, disconnected, connected, paused

        var machine: SenderMachine {
            var machine = SenderMachine()
            guard self != .fresh else { return machine }
            machine.connected()
            machine.caughtUp()
            switch self {
            case .disconnected: _ = machine.failed(.connection, now: at(975), draw: 0.5)
            case .paused: _ = machine.failed(.transient, now: at(975), draw: 0.5)
            default: break
            }
            return machine
        }
    }

    @Test(
        arguments: [
            (.fresh, nothing, 5_000, .idle), (.fresh, events, 0, .connect), (.fresh, watermark, 0, .connect),
            (.disconnected, nothing, 5_000, .idle), (.disconnected, events, 999, .idle),
            (.disconnected, events, 1_000, .connect), (.disconnected, watermark, 999, .idle),
            (.disconnected, watermark, 1_000, .connect), (.disconnected, both, 1_000, .connect),
            (.connected, nothing, 0, .idle), (.connected, events, 0, .send), (.connected, watermark, 0, .readWatermark),
            (.connected, both, 0, .readWatermark),
            (.paused, nothing, 5_000, .idle), (.paused, events, 999, .idle), (.paused, events, 1_000, .send),
            (.paused, watermark, 999, .idle), (.paused, watermark, 1_000, .readWatermark),
            (.paused, both, 1_000, .readWatermark),
        ] as [(Start, Work, Int64, Action)])
    private func `The sender's next action depends on its state and on the pending work`(
        start: Start, work: Work, now: Int64, action: Action
    ) {
        #expect(start.machine.next(work, now: Self.at(now)) == action)
        // The sender of a closing client finishes immediately in every state.
        #expect(start.machine.next(Self.closing(work), now: Self.at(now)) == .finish)
        // Without handles the sender continues until every event is sent.
        let withoutHandles = start.machine.next(Self.withoutHandles(work), now: Self.at(now))
        #expect(withoutHandles == (work.hasEvents ? action : .finish))
    }

    @Test(
        arguments: [
            (.transient, .paused(until: at(25)), false), (.migrating, .paused(until: at(25)), false),
            (.refused, .paused(until: at(7_500)), false),
            (.elsewhere, .disconnected(retryAt: at(25)), true),
            (.connection, .disconnected(retryAt: at(25)), true),
            (.denied, .disconnected(retryAt: at(7_500)), true),
            (.moved(host: "other", port: 1), .disconnected(retryAt: at(0)), true),
        ] as [(RedisError.Category, State, Bool)])
    func `The category of an error decides the sender's next state`(
        error: RedisError.Category, state: State, closes: Bool
    ) {
        var machine = SenderMachine()
        machine.connected()
        let isClosed = machine.failed(error, now: Self.at(0), draw: 0.5)
        #expect(isClosed == closes)
        #expect(machine.state == state)
    }

    @Test(
        arguments: [
            (.transient, 25), (.refused, 7_500), (.elsewhere, 25), (.connection, 25), (.denied, 7_500),
            (.moved(host: "other", port: 1), 0),
        ] as [(RedisError.Category, Int64)])
    func `The sender connects again after any error during a connection attempt`(
        error: RedisError.Category, retryAt: Int64
    ) {
        var machine = SenderMachine()
        let closes = machine.failed(error, now: Self.at(0), draw: 0.5)
        #expect(closes)
        #expect(machine.state == .disconnected(retryAt: Self.at(retryAt)))
        #expect(machine.next(Self.events, now: Self.at(retryAt)) == .connect)
    }

    @Test func `A server that may be promoted is asked again within two seconds, however long the promotion takes`() {
        var machine = SenderMachine()
        for _ in 0..<20 { _ = machine.failed(.elsewhere, now: Self.at(0), draw: 1) }
        #expect(machine.state == .disconnected(retryAt: Self.at(2_000)))
        _ = machine.failed(.connection, now: Self.at(0), draw: 1)
        #expect(machine.state != .disconnected(retryAt: Self.at(2_000)))
    }

    @Test func `The delays between connection attempts grow until a command succeeds`() {
        var machine = SenderMachine()
        var states: [State] = []
        for _ in 0..<4 {
            machine.connected()
            _ = machine.failed(.connection, now: Self.at(0), draw: 1)
            states.append(machine.state)
        }
        #expect(states == [50, 100, 200, 400].map { .disconnected(retryAt: Self.at($0)) })
        machine.connected()
        machine.succeeded()
        _ = machine.failed(.connection, now: Self.at(0), draw: 1)
        #expect(machine.state == .disconnected(retryAt: Self.at(50)))
    }

    @Test func `The sender catches up with the server on each new connection before it sends events`() {
        var machine = SenderMachine()
        for _ in 0..<2 {
            machine.connected()
            #expect(machine.next(Self.both, now: Self.at(0)) == .catchUp)
            #expect(machine.next(Self.nothing, now: Self.at(0)) == .idle)
            // A loading server fails the first attempt.
            _ = machine.failed(.transient, now: Self.at(0), draw: 0)
            #expect(machine.next(Self.events, now: Self.at(0)) == .catchUp)
            machine.caughtUp()
            #expect(machine.next(Self.events, now: Self.at(0)) == .send)
            _ = machine.failed(.connection, now: Self.at(0), draw: 0)
        }
    }

    @Test func `Circular redirections are followed once without a delay and then with growing delays`() {
        var machine = SenderMachine()
        var states: [State] = []
        for _ in 0..<3 {
            machine.connected()
            _ = machine.failed(.moved(host: "a", port: 1), now: Self.at(0), draw: 1)
            states.append(machine.state)
        }
        #expect(states == [0, 100, 200].map { .disconnected(retryAt: Self.at($0)) })
    }
}
