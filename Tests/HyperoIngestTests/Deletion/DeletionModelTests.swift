import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite struct DeletionModelTests {
    @Test(arguments: [1, 2, 3, 4])
    func `Generated entries with deletions between them yield the indexes of the naive model`(seed: UInt64) throws {
        let fixture = try IngestFixture()
        var generator = EventGenerator(seed: seed)
        var random = SeededGenerator(seed: seed)
        var entries: [StreamEntry] = []
        var deletions: [NaiveModel.Deletion] = []
        var connection = try fixture.connect()
        for round in 1...6 {
            let part = generator.entries(400)
            entries += part
            var writer = RESPWriter()
            for entry in part { entry.add(to: fixture.keyspace.events, &writer) }
            try connection.send(writer)
            for _ in part {
                var reply = try connection.receive()
                _ = try reply.string()
            }
            try fixture.drain("--retain", "100000000")
            let events = entries.compactMap { try? $0.decoded() }
            // Ids that were never declared or were deleted before are among them.
            var commands = (0..<2).compactMap { _ in random.pick(events).experiment }.map {
                ControlEvent.deleteExperiment($0)
            }
            if round % 2 == 0, let battery = random.pick(events).battery { commands.append(.deleteBattery(battery)) }
            for command in commands {
                let fields = command.fields.flatMap { [$0.name, $0.value] }
                let id = fixture.server.cli(["XADD", fixture.keyspace.control, "*"] + fields)
                let time = Int64(try #require(StreamID(id)).milliseconds)
                deletions.append(NaiveModel.Deletion(command, after: entries.count, at: time))
            }
            try fixture.drain("--retain", "100000000")
            let found = try PartitionContent.read(from: &connection, fixture.keyspace)
            let expected = NaiveModel.content(of: entries, deletions: deletions, in: fixture.keyspace)
            #expect(found.differences(fromExpected: expected) == "", "round \(round)")
        }
        #expect(try fixture.metric(IngestField.deleted) != nil)
    }
}
