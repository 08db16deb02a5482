import HyperoIngest
import HyperoRedis
import Testing

@Suite("The owner of a partition")
struct PartitionOwnerTests {
    private func owner(isDraining: Bool = false) -> PartitionOwner {
        PartitionOwner(lease: .seconds(5), isDraining: isDraining)
    }

    /// Tells it the events and returns the actions.
    private func tell(_ owner: inout PartitionOwner, _ events: PartitionOwner.Event...) -> [PartitionOwner.Action] {
        events.map { owner.next(after: $0, jitter: 0.5) }
    }

    private func error(_ reply: String) -> PartitionOwner.Event { .failed(RedisError(reply: reply)) }

    private var broken: PartitionOwner.Event { .failed(RedisError(.connection, "gone")) }

    @Test("connects, takes the lease, looks where to go on and applies")
    func goodDay() {
        var owner = owner()
        #expect(owner.start == .connect(.configured))
        #expect(
            tell(&owner, .connected, .acquired, .recovered, .applied, .applied) == [
                .acquire, .recover, .apply, .apply, .apply,
            ])
    }

    @Test("stands by while another owns it, and asks about each quarter of a lease")
    func standsBy() {
        var owner = owner()
        #expect(
            tell(&owner, .connected, .heldByAnother, .waited, .acquired) == [
                .acquire, .wait(.seconds(1.25)), .acquire, .recover,
            ])
    }

    @Test("begins again after a lost lease")
    func leaseLost() {
        var owner = owner()
        #expect(tell(&owner, .connected, .acquired, .recovered, .leaseLost).last == .acquire)
    }

    @Test("looks again where to go on when somebody set the cursor, soon but not without end")
    func disturbed() {
        var owner = owner()
        #expect(
            tell(&owner, .connected, .acquired, .recovered, .disturbed, .waited, .acquired, .recovered, .disturbed) == [
                .acquire, .recover, .apply, .wait(.milliseconds(25)), .acquire, .recover, .apply,
                .wait(.milliseconds(50)),
            ])
    }

    @Test("waits on the same connection for what passes, longer each time, and forgets it after a success")
    func passing() {
        var owner = owner()
        #expect(
            tell(
                &owner, .connected, error("LOADING Redis is loading the dataset in memory"), .waited, error("BUSY"),
                .waited, .acquired, .recovered, .applied, error("OOM command not allowed"), .waited)
                == [
                    .acquire, .wait(.milliseconds(25)), .acquire, .wait(.milliseconds(50)), .acquire, .recover, .apply,
                    .apply, .wait(.milliseconds(25)), .acquire,
                ])
    }

    @Test("connects anew after a broken connection, and never waits longer than ten seconds")
    func reconnects() {
        var owner = owner()
        #expect(tell(&owner, broken, .waited) == [.rest(.milliseconds(25)), .connect(.configured)])
        for _ in 0..<100 { _ = tell(&owner, broken) }
        #expect(owner.next(after: broken, jitter: 0.999) <= .rest(.seconds(10)))
        #expect(
            tell(&owner, .connected, error("READONLY You can't write against a read only replica.")).last?.isRest
                == true)
    }

    @Test("goes where the keys are, at once but not to and fro")
    func moved() {
        var owner = owner()
        let moved = PartitionOwner.Action.connect(.moved(host: "10.0.0.2", port: 7_001))
        #expect(
            tell(&owner, .connected, error("MOVED 1 10.0.0.2:7001"), .waited, .connected)
                == [.acquire, .rest(.zero), moved, .acquire])
        #expect(tell(&owner, error("MOVED 1 10.0.0.2:7001"), .waited) == [.rest(.milliseconds(50)), moved])
    }

    @Test("retries slowly what only a person can mend", arguments: ["NOAUTH Authentication required.", "NOPERM no"])
    func denied(reply: String) {
        var owner = owner()
        #expect(
            tell(&owner, .connected, error(reply), .waited).dropFirst() == [.rest(.seconds(10)), .connect(.configured)])
        var draining = self.owner(isDraining: true)
        #expect(tell(&draining, .connected, error(reply)).last == .end(.failed))
    }

    @Test("retries slowly what Redis refuses")
    func refused() {
        var owner = owner()
        let reply = "WRONGTYPE Operation against a key holding the wrong kind of value"
        #expect(tell(&owner, .connected, error(reply), .waited).dropFirst() == [.wait(.seconds(10)), .acquire])
    }

    @Test("gives the lease back when it is told to stop, also over a new connection")
    func stops() {
        var owner = owner()
        #expect(
            tell(&owner, .connected, .acquired, .recovered, .stopRequested, .released).suffix(2)
                == [.release, .end(.done)])
        var disconnected = self.owner()
        #expect(
            tell(&disconnected, .connected, .acquired, .recovered, broken, .stopRequested, .connected, .released)
                .suffix(3) == [.connect(.configured), .release, .end(.done)])
    }

    @Test("ends without a word to Redis when it has no lease to give back, or cannot")
    func stopsAtOnce() {
        var owner = owner()
        #expect(tell(&owner, .connected, .heldByAnother, .stopRequested).last == .end(.done))
        var failing = self.owner()
        #expect(tell(&failing, .connected, .acquired, .stopRequested, broken).last == .end(.done))
    }

    @Test("is done when a drain is, and gives the lease back if it took it")
    func drains() {
        var empty = owner(isDraining: true)
        #expect(tell(&empty, .connected, .drained) == [.acquire, .end(.done)])
        var owner = owner(isDraining: true)
        #expect(
            tell(&owner, .connected, .acquired, .recovered, .drained, .released).suffix(2) == [.release, .end(.done)])
    }
}

extension PartitionOwner.Action {
    fileprivate var isRest: Bool {
        if case .rest = self { true } else { false }
    }

    /// Whether it is a rest that is not longer than the other.
    fileprivate static func <= (left: Self, right: Self) -> Bool {
        guard case .rest(let left) = left, case .rest(let right) = right else { return false }
        return left <= right
    }
}
