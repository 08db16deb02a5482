import HyperoIngest
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The account of an operator without one of its rights.
@Suite struct OperatorAccountTests {
    private let fixture: AccountFixture
    private let keyspace: Keyspace
    private let rules: AccountRules

    init() throws {
        fixture = try AccountFixture()
        keyspace = try Keyspace.all()[0]
        rules = try AccountRules(.operator)
        let experiment = try #require(ExperimentID("e-1"))
        let battery = try #require(BatteryID("b"))
        try fixture.run([
            [
                "HSET", keyspace.battery(battery), "name", "B", "version", "1", "description", "", "objective", "valid",
                "direction", "max",
            ],
            ["ZADD", keyspace.batteries, "1", "b"], ["ZADD", keyspace.columns(of: battery), "1", "max.valid"],
            ["HSET", keyspace.experiment(experiment), "battery", "b", "status", "done"],
            ["ZADD", keyspace.experiments(of: battery), "1", "e-1"],
            ["ZADD", keyspace.rank(of: battery, by: "valid"), "0.5", "e-1"],
            ["HSET", keyspace.ingest, "format", "2", "control", "0-1"],
        ])
    }

    /// Runs what an operator does, and returns the errors.
    private func errors(as user: String) throws -> [String] {
        let settings = IngestSettings(redis: try RedisURL(fixture.url(of: user)))
        // A killed ingest has written the dead letters, one of which lacks fields.
        try fixture.run([
            ["DEL", keyspace.dead],
            ["HSET", keyspace.ingest, IngestField.unconfirmed, "0-1 9-0 0", IngestField.taken, "1"],
            ["XADD", keyspace.dead, "1-0", "event", "x", "dead.reason", "r", "dead.id", "1-0"],
            ["XADD", keyspace.dead, "2-0", "event", "x", "dead.reason", "r", "dead.id", "2-0"],
            ["XADD", keyspace.dead, "3-0", "event", "x", "dead.reason", "r", "dead.omitted", "1"],
        ])
        let deleter = try Deleter(settings)
        let requeue = try Requeue(settings)
        // Each returns the number of dead letters that were removed or rejected, or of commands.
        let commands: [() throws -> Int] = [
            { try requeue.run(.ids(["3-0"]), applying: DeadLetterEdit()).rejections.count },
            { try requeue.run(.ids(["1-0"]), applying: DeadLetterEdit()).sent },
            { try requeue.discard(requeue.find(.ids(["2-0"]))) },
            {
                _ = try deleter.request(deleter.plan(experiments: ["e"]))
                return 1
            },
            {
                _ = try deleter.request(deleter.plan(battery: "B", version: nil))
                return 1
            },
            {
                // A rule, without an ingest.
                let rule = DeletionPlan.Rule(selectsRunning: false, keepsBest: true)
                let plan = try deleter.plan(experiments: ["e-1"], keeping: nil, selectedBy: rule)
                let request = try deleter.request(plan, expiringAfter: .milliseconds(1))
                return try deleter.remainder(of: request).expired.count
            },
            {
                // As `status` advises.
                var connection = try RedisConnection.open(to: settings.redis, name: "test")
                var reply = try connection.call("HDEL", keyspace.ingest, IngestField.taken)
                return try reply.integer()
            },
        ]
        return commands.compactMap { command in
            do {
                let count = try command()
                #expect(count == 1)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    @Test func `Without a right that a command of an operator needs, it is denied, and else it works`() throws {
        fixture.setAccount("whole", rules.rules)
        #expect(try errors(as: "whole") == [])
        #expect(fixture.takeDenials() == [])
        // The rights of queries have tests of their own.
        let own = rules.keyRules.filter { !$0.contains("{hypero:") && !$0.hasPrefix("%R~") }
        let commands = rules.rights.prefix { $0.command != "zrange" }.map { "+\($0.command)" }
        #expect(commands.count == 11)
        for rule in own + commands {
            fixture.setAccount("part", rules.without(rule))
            let errors = try errors(as: "part")
            #expect(errors.isEmpty == !rules.requires(rule), "without \(rule): \(errors)")
            #expect(errors.allSatisfy { $0.contains("NOPERM") && !$0.contains(AccountFixture.password) }, "\(errors)")
            #expect(!fixture.takeDenials().isEmpty, "no command needs \(rule)")
        }
    }
}
