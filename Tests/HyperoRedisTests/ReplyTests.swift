import HyperoRedis
import HyperoSchema
import Testing
import TestSupport

struct ReplyTests {
    private static let script = "return {1, 'text', {2, {'deep'}}, redis.error_reply('MYERR no'), false, {}, -7}"

    @Test func `A nested reply is read in order`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        var reply = try connection.call("EVAL", Self.script, "0")
        #expect(reply.error == nil && !reply.isNull)
        #expect(try reply.array() == 7)
        #expect(try reply.integer() == 1)
        #expect(try reply.string() == "text")
        #expect(try reply.array() == 2)
        #expect(try reply.integer() == 2)
        #expect(try reply.strings() == ["deep"])
        #expect(reply.error?.description == "MYERR no")
        #expect(redisError { _ = try reply.string() }?.category == .refused)
        #expect(reply.isNull)
        #expect(try reply.string() == nil)
        #expect(try reply.strings() == [])
        #expect(try reply.integer() == -7)
        // No element is left.
        #expect(reply.error == nil && !reply.isNull)
        #expect(redisError { _ = try reply.string() }?.category == .connection)
        #expect(redisError { try reply.skip() }?.category == .connection)
    }

    @Test func `Skipping an element skips everything nested in it, errors included`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        var reply = try connection.call("EVAL", Self.script, "0")
        #expect(try reply.array() == 7)
        for _ in 0..<6 { try reply.skip() }
        #expect(try reply.integer() == -7)
        reply = try connection.call("EVAL", Self.script, "0")
        try reply.skip()
        #expect(redisError { try reply.skip() }?.category == .connection)
    }

    @Test(arguments: ["return {'a'}", "return {'a', false, 'c'}", "return {}", "return false"])
    func `An array of another length than expected is a connection error`(script: String) throws {
        let server = try RedisServer()
        var connection = try server.connect()
        var reply = try connection.call("EVAL", script, "0")
        #expect(redisError { _ = try reply.strings(count: 2) }?.category == .connection)
        reply = try connection.call("EVAL", "return {'a', false}", "0")
        #expect(try reply.strings(count: 2) == ["a", nil])
    }

    @Test func `A reply element of an unexpected type is a connection error`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        for command in ["return 1", "return 'a'", "return {1}", "return redis.status_reply('S')"] {
            for kind in 0..<3 {
                var reply = try connection.call("EVAL", command, "0")
                let error = redisError {
                    switch kind {
                    case 0: _ = try reply.integer()
                    case 1: _ = try reply.string()
                    default: _ = try reply.array()
                    }
                }
                let matching = [["return 1"], ["return 'a'", "return redis.status_reply('S')"], ["return {1}"]][kind]
                #expect(error?.category == (matching.contains(command) ? nil : .connection))
            }
        }
    }

    @Test func `Names and values are read as pairs in the order of the server`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        _ = try connection.call("HSET", "h", "a", "1", "größe", "", "c", "line\r\nbreak\0")
        var reply = try connection.call("HGETALL", "h")
        let pairs = try reply.pairs()
        #expect(pairs.map(\.name) == ["a", "größe", "c"])
        #expect(pairs.map(\.value) == ["1", "", "line\r\nbreak\0"])
        reply = try connection.call("HGETALL", "none")
        #expect(try reply.pairs().isEmpty)
    }

    @Test func `Stream entries are read exactly as written`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        let entries = (1...3).map { number in
            StreamEntry(
                id: StreamID(milliseconds: UInt64(number), sequence: 7),
                fields: [
                    StreamEntry.Field(name: [0, 13, 10, 0xFF], value: [UInt8](0...255)),
                    StreamEntry.Field(name: [], value: []),
                    StreamEntry.Field(name: [0x61], value: [UInt8](repeating: 0x78, count: number * 70_000)),
                ])
        }
        var writer = RESPWriter()
        for entry in entries { entry.add(to: "s", &writer) }
        try connection.send(writer)
        for entry in entries {
            var reply = try connection.receive()
            #expect(try reply.string() == entry.id.description)
        }
        var reply = try connection.call("XREAD", "STREAMS", "s", "0")
        #expect(try reply.array() == 1)
        #expect(try reply.array() == 2)
        #expect(try reply.string() == "s")
        #expect(try reply.array() == 3)
        var wireFields: [WireField] = []
        for entry in entries {
            #expect(try reply.array() == 2)
            #expect(try reply.string() == entry.id.description)
            try reply.fields(into: &wireFields)
            let fields = wireFields.map { StreamEntry.Field(name: Array($0.name), value: Array($0.value)) }
            #expect(fields == entry.fields)
        }
        #expect(redisError { try reply.skip() }?.category == .connection)
    }

    @Test func `A partition is read back from a server as the model wrote it`() throws {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        let keyspace = try Keyspace.all(partitions: 2)[1]
        var generator = EventGenerator(seed: 5)
        let entries = generator.entries(3_000)
        let content = NaiveModel.content(of: entries, in: keyspace)
        var writer = RESPWriter()
        for entry in entries { entry.add(to: keyspace.events, &writer) }
        for (key, keyContent) in content.keys {
            switch keyContent {
            case .hash(let fields): for (name, value) in fields { writer.command("HSET", key, name, value) }
            case .sortedSet(let members):
                for (member, score) in members { writer.command("ZADD", key, Number(score).text, member) }
            case .other: break
            }
        }
        let counts = content.counts
        writer.command(
            "HSET", keyspace.ingest, "applied", "\(counts.applied)", "duplicates", "\(counts.duplicates)",
            "gaps", "\(counts.gaps)", "dead", "\(counts.dead)", "owner", "me")
        for (id, reason) in content.dead {
            writer.command("XADD", keyspace.dead, "*", "dead.reason", "x", "dead.reason", reason, "dead.id", id)
        }
        // Keys of another partition are ignored.
        writer.command("HSET", "{hypero:0}:experiment:x", "a", "b")
        try connection.send(writer)
        for _ in 0..<writer.commands {
            let reply = try connection.receive()
            #expect(reply.error == nil)
        }
        let found = try PartitionContent.read(from: &connection, keyspace)
        #expect(found == content, "\(found.differences(fromExpected: content))")
    }
}
