import HyperoIngest
import HyperoRedis
import Testing

@Suite struct PartitionOwnerTests {
    private static let server = try! RedisURL("redis://10.0.0.1:7000") { _ in nil }
    private static let otherServer = try! RedisURL("redis://10.0.0.2:7001") { _ in nil }

    private func owner(isDraining: Bool = false) -> PartitionOwner {
        PartitionOwner(Self.server, leaseDuration: .seconds(5), isDraining: isDraining)
    }

    /// Returns the actions that follow some events.
    private func actions(
        of owner: inout PartitionOwner, after events: PartitionOwner.Event...
    ) -> [PartitionOwner.Action] {
        events.map { owner.next(after: $0, jitter: 0.5) }
    }

    private func error(_ reply: String) -> PartitionOwner.Event { .failed(RedisError(reply: reply)) }

    /// A redirect to a node that the cluster lists.
    private let redirect = PartitionOwner.Event.failed(
        RedisError(.redirected(host: "10.0.0.2", port: 7001), "MOVED 1 10.0.0.2:7001"))
    private let broken = PartitionOwner.Event.failed(RedisError(.connection, "connection closed"))
    private let reconnect = PartitionOwner.Action.connect

    @Test func `An owner connects, acquires the lease, reads the checkpoint and applies`() {
        var owner = owner()
        #expect(owner.start == reconnect)
        #expect(
            actions(of: &owner, after: .connected, .acquired, .recovered, .applied, .applied) == [
                .acquire, .recover, .apply, .apply, .apply,
            ])
    }

    @Test func `A standby tries to acquire the lease about every quarter of its duration`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, .standby, .waited, .acquired) == [
                .acquire, .wait(.seconds(1.25)), .acquire, .recover,
            ])
    }

    @Test func `An owner that has lost the lease acquires it again`() {
        var owner = owner()
        #expect(actions(of: &owner, after: .connected, .acquired, .recovered, .leaseLost).last == .acquire)
    }

    @Test func `A command of an operator makes an owner read the checkpoint again at once, unless it must stop`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, .acquired, .recovered, .interrupted, .recovered) == [
                .acquire, .recover, .apply, .recover, .apply,
            ])
        #expect(owner.next(after: .interrupted, jitter: 0.5, isStopRequested: true) == .release)
    }

    @Test func `A connection with replies that must not be awaited is replaced at once, and the lease is kept`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, .acquired, .recovered, .abandoned, .waited, .connected) == [
                .acquire, .recover, .apply, .disconnect(for: .zero), reconnect, .acquire,
            ])
    }

    @Test func `An owner whose cursor was changed reads the checkpoint again at once, and then after waits that grow`()
    {
        var owner = owner()
        #expect(
            actions(
                of: &owner, after: .connected, .acquired, .recovered, .cursorChanged, .acquired, .recovered,
                .cursorChanged, .waited, .acquired, .recovered, .cursorChanged) == [
                    .acquire, .recover, .apply, .acquire, .recover, .apply, .wait(.milliseconds(50)), .acquire,
                    .recover,
                    .apply, .wait(.milliseconds(100)),
                ])
        // After a success, at once again.
        #expect(
            actions(of: &owner, after: .waited, .acquired, .recovered, .applied, .cursorChanged) == [
                .acquire, .recover, .apply, .apply, .acquire,
            ])
    }

    @Test func `An owner whose connection must be replaced again and again waits, and longer each time`() {
        var owner = owner()
        let again: [PartitionOwner.Event] = [.waited, .connected, .acquired, .recovered, .abandoned]
        _ = actions(of: &owner, after: .connected, .acquired, .recovered)
        #expect(owner.next(after: .abandoned, jitter: 0.5) == .disconnect(for: .zero))
        for wait in [50, 100, 200] {
            let actions = again.map { owner.next(after: $0, jitter: 0.5) }
            #expect(actions == [reconnect, .acquire, .recover, .apply, .disconnect(for: .milliseconds(wait))])
        }
    }

    @Test func `An owner waits after a transient error on the same connection, longer each time until a success`() {
        var owner = owner()
        #expect(
            actions(
                of: &owner, after: .connected, error("LOADING Redis is loading the dataset in memory"), .waited,
                error("BUSY"), .waited, .acquired, .recovered, .applied, error("OOM command not allowed"), .waited)
                == [
                    .acquire, .wait(.milliseconds(25)), .acquire, .wait(.milliseconds(50)), .acquire, .recover, .apply,
                    .apply, .wait(.milliseconds(25)), .acquire,
                ])
    }

    @Test func `An owner connects again after a broken connection, and waits at most two seconds`() {
        var owner = owner()
        #expect(actions(of: &owner, after: broken, .waited) == [.disconnect(for: .milliseconds(25)), reconnect])
        for _ in 0..<100 { _ = actions(of: &owner, after: broken) }
        let wait = owner.next(after: broken, jitter: 0.999).disconnectDuration
        #expect(wait.map { $0 <= .seconds(2) } == true)
        let last = actions(
            of: &owner, after: .connected, error("READONLY You can't write against a read only replica.")
        ).last
        #expect(last?.disconnectDuration != nil)
    }

    @Test func `A transient error while connecting leads to another connection`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: error("LOADING Redis is loading the dataset in memory"), .waited)
                == [.disconnect(for: .milliseconds(25)), reconnect])
    }

    @Test func `An owner follows a redirect at once, but waits if it is redirected again`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, redirect, .waited, .connected)
                == [.acquire, .disconnect(for: .zero), reconnect, .acquire])
        #expect(owner.topology.current == Self.otherServer)
        #expect(
            actions(of: &owner, after: redirect, .waited)
                == [.disconnect(for: .milliseconds(50)), reconnect])
        #expect(owner.topology.current == Self.otherServer)
    }

    @Test func `An owner does not follow a redirect that is not verified`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, error("MOVED 1 10.0.0.2:7001"), .waited)
                == [.acquire, .disconnect(for: .zero), reconnect])
        #expect(owner.topology.current == Self.server)
    }

    @Test func `An owner returns to the configured server if the one it was redirected to fails`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, redirect, .waited, broken, .waited).last
                == reconnect)
        #expect(owner.topology.current == Self.server)
    }

    @Test(arguments: ["ASK 1 10.0.0.2:7001", "TRYAGAIN Multiple keys request during rehashing of slot"])
    func `An owner looks at a slot that migrates every second at most, on the same connection`(reply: String) {
        var owner = owner()
        _ = owner.next(after: .connected, jitter: 0.5)
        let waits = (0..<20).map { _ in owner.next(after: error(reply), jitter: 0.5) }
        #expect(waits.first == .wait(.milliseconds(25)))
        #expect(waits.last == .wait(.seconds(1)))
    }

    @Test(arguments: ["READONLY You can't write against a read only replica.", "CLUSTERDOWN Hash slot not served"])
    func `An owner passes over a server that is a replica or has lost its cluster, and waits a second at most`(
        reply: String
    ) throws {
        let url = try RedisURL("redis://10.0.0.1:7000,10.0.0.2:7001") { _ in nil }
        var owner = PartitionOwner(url, leaseDuration: .seconds(5), isDraining: false)
        for server in [Self.otherServer, Self.server, Self.otherServer] {
            _ = owner.next(after: .connected, jitter: 0.5)
            #expect(owner.next(after: error(reply), jitter: 0.5).disconnectDuration.map { $0 <= .seconds(1) } == true)
            #expect(owner.topology.current == server)
        }
    }

    @Test(arguments: ["NOAUTH Authentication required.", "NOPERM no"])
    func `An owner without permission waits ten seconds before it retries, and a drain fails`(reply: String) {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, error(reply), .waited).dropFirst()
                == [.disconnect(for: .seconds(10)), reconnect])
        var draining = self.owner(isDraining: true)
        #expect(actions(of: &draining, after: .connected, error(reply)).last == .end(.failed))
    }

    @Test func `An owner waits ten seconds before it retries a command that the server rejects`() {
        var owner = owner()
        let reply = "WRONGTYPE Operation against a key holding the wrong kind of value"
        #expect(
            actions(of: &owner, after: .connected, error(reply), .waited).dropFirst()
                == [.wait(.seconds(10)), .acquire])
    }

    @Test func `An owner that is stopped releases the lease at the node of the cluster that has it`() {
        var owner = owner()
        #expect(
            actions(
                of: &owner, after: .connected, .acquired, .recovered, broken, .stopRequested, .connected, redirect,
                .connected
            ).suffix(4) == [reconnect, .release, reconnect, .release])
        #expect(owner.topology.current == Self.otherServer)
        #expect(owner.next(after: redirect, jitter: 0.5) == .end(.done))
    }

    @Test func `An owner that is stopped releases the lease, over a new connection if necessary`() {
        var owner = owner()
        #expect(
            actions(of: &owner, after: .connected, .acquired, .recovered, .stopRequested, .released).suffix(2)
                == [.release, .end(.done)])
        var disconnected = self.owner()
        #expect(
            actions(
                of: &disconnected, after: .connected, .acquired, .recovered, broken, .stopRequested, .connected,
                .released
            ).suffix(3) == [reconnect, .release, .end(.done)])
    }

    @Test func `An owner that is stopped without a lease, or cannot release it, ends at once`() {
        var owner = owner()
        #expect(actions(of: &owner, after: .connected, .standby, .stopRequested).last == .end(.done))
        var failing = self.owner()
        #expect(actions(of: &failing, after: .connected, .acquired, .stopRequested, broken).last == .end(.done))
    }

    @Test func `A stop requested in the step that ends a drain releases the lease`() {
        var owner = owner(isDraining: true)
        #expect(actions(of: &owner, after: .connected, .acquired, .recovered).last == .apply)
        #expect(owner.next(after: .drained, jitter: 0, isStopRequested: true) == .release)
        #expect(owner.next(after: .released, jitter: 0, isStopRequested: true) == .end(.done))
    }

    @Test func `A drain that is stopped before all entries are applied is interrupted`() {
        var standby = owner(isDraining: true)
        #expect(actions(of: &standby, after: .connected, .standby, .stopRequested).last == .end(.interrupted))
        var applying = owner(isDraining: true)
        #expect(
            actions(of: &applying, after: .connected, .acquired, .recovered, .stopRequested, .released).suffix(2)
                == [.release, .end(.interrupted)])
        var failing = owner(isDraining: true)
        #expect(actions(of: &failing, after: .connected, .acquired, .stopRequested, broken).last == .end(.interrupted))
    }

    @Test func `A stop requested while a drain fails keeps the failure`() {
        var owner = owner(isDraining: true)
        _ = actions(of: &owner, after: .connected)
        let denied = PartitionOwner.Event.failed(RedisError(.noPermission, "NOPERM no"))
        #expect(owner.next(after: denied, jitter: 0, isStopRequested: true) == .end(.failed))
    }

    @Test func `A drain ends when all entries are applied, and releases the lease if it was acquired`() {
        var empty = owner(isDraining: true)
        #expect(actions(of: &empty, after: .connected, .drained) == [.acquire, .end(.done)])
        var owner = owner(isDraining: true)
        #expect(
            actions(of: &owner, after: .connected, .acquired, .recovered, .drained, .released).suffix(2)
                == [.release, .end(.done)])
    }
}

extension PartitionOwner.Action {
    fileprivate var disconnectDuration: Duration? {
        if case .disconnect(let duration) = self { duration } else { nil }
    }
}
