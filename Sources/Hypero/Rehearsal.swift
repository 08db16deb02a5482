import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization

/// One log call of each kind, to a journal that is sent nowhere, before a process has its first client.
///
/// When a thread first uses a generic type, such as an array of some elements, the Swift runtime creates the type's
/// metadata under a lock. If another thread forks at that moment, the lock stays locked in the child, and the child hangs at
/// its own first use of a further type. After the rehearsal, no log call of any thread creates metadata, so that it neither
/// leaves a child such a lock nor waits for one.
enum Rehearsal {
    private static let hasBegun = Atomic<Bool>(false)

    /// Makes the log calls, unless a thread of the process has begun to make them before.
    ///
    /// Meanwhile the process does not fork. Other threads that create a client do not wait.
    static func run() {
        guard !hasBegun.exchange(true, ordering: .relaxed) else { return }
        ForkGuard.excludingForks {
            _ = ExitFlush.shared
            rehearse()
        }
    }

    private static func rehearse() {
        // The path cannot be created, so the journal is in memory.
        let settings = JournalSettings(
            limit: 2 * segmentSize, segmentSize: segmentSize, tag: "{hypero}", partitions: 1, serverURL: "unix:///",
            environment: { $0 == "HYPERO_JOURNAL" ? "/dev/null/journal" : nil })
        var generator = SystemRandomNumberGenerator()
        let identity = JournalIdentity(producer: ProducerID(using: &generator), seed: generator.next())
        guard let journal = Journal(identity, settings), let url = try? RedisURL("unix:///dev/null/redis.sock"),
            let keyspaces = try? Keyspace.all()
        else { return }
        let board = TrialBoard(journal)
        let configuration = Delivery.Configuration(
            journal: journal, url: url, keyspace: keyspaces[0], durabilityWindow: .zero, notify: { _ in }, board: board)
        let scope = Adoption.Scope(root: nil, url: url, keyspaces: keyspaces, matchesServer: true, notify: { _ in })
        let hypero = Hypero(Client(journal, Sender(configuration, adoption: scope), board: board, notify: { _ in }))
        log(to: hypero)
        let callbacks = Delivery.Callbacks(shouldContinue: { true }, blocking: { $0() })
        var delivery = Delivery(configuration, callbacks: callbacks)
        delivery.rehearse()
        var adoption = Adoption(scope, callbacks: callbacks)
        adoption.scan()
        _ = adoption.step()
        // As in a forked child, whose first log call creates a journal. Here it must not start the sender.
        journal.onChildStart {}
        journal.beforeFork()
        journal.afterForkInChild()
        log(to: hypero)
        journal.end(removing: [], keepsFiles: false)
    }

    private static let segmentSize = 64 << 10

    private static func log(to hypero: Hypero) {
        let experiment = hypero.battery("rehearsal", description: "d").experiment()
        _ = experiment.uniform("a", 0, 1)
        _ = experiment.logUniform("b", 1, 2)
        _ = experiment.normal("c", mean: 0, standardDeviation: 1)
        _ = experiment.randint("d", 1, 2)
        _ = experiment.categorical("e", ["f": 1, "g": 1])
        _ = experiment.categorical("e", [1, 2])
        experiment.insertHP("h", 1.5)
        experiment.insertHP("i", "text")
        experiment.insertHP("j", true)
        experiment.insertVarHP("k", [1, 2])
        experiment.insertVarHP("l", [1.5, 2.5])
        experiment.insertVarHP("m", ["text"])
        experiment.log(epoch: 1, train: 1, valid: 2, test: 3)
        experiment.log(epoch: 2, ["valid": 1])
        experiment.log(epoch: 2, ["valid": 1, "test": 1] as [String: Double])
        experiment.log(epoch: 2, [("valid", 1), ("test", 1)] as [(String, Double)])
        experiment.log(epoch: 2, valid: 1 as Float)
        // Rejected.
        experiment.log(epoch: -1, ["valid": 1])
        experiment.updateLearningCurve(train: [1], valid: [2], test: [3])
        experiment.updateLearningCurve(first: 1, ["valid": [1, 2]])
        experiment.updateMaxima(train: 1, valid: 2, test: 3, epoch: 1)
        experiment.updateMaxima(epoch: 1, ["valid": 1])
        experiment.updateName("n")
        experiment.fail("reason")
        experiment.log(epoch: 3, valid: 1)
        experiment.finish()
        let search = hypero.battery("rehearsal").search(trials: 1, stopping: .halving(epochs: 3))
        search.enqueue(["a": 1])
        _ = search.next(timeout: .zero)
        search.rehearse()
        _ = hypero.counters
        _ = hypero.flush(until: .applied, timeout: .zero)
    }
}
