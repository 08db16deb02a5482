import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

struct ReplyBoundsTests {
    private func receive(_ script: String, within bounds: ReplyBounds) throws -> Reply {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        var writer = RESPWriter()
        writer.command("EVAL", script, "0")
        writer.command("PING")
        try connection.send(writer)
        let reply = try connection.receive(within: bounds)
        // The next reply is complete.
        var pong = try connection.receive()
        #expect(try pong.string() == "PONG")
        #expect(pong.isComplete)
        return reply
    }

    @Test func `A text beyond the bounds is truncated, and its size is known`() throws {
        var reply = try receive(
            "return {string.rep('a', 100000), 'b'}", within: ReplyBounds(maxTextBytes: 10, maxTotalBytes: 1 << 20))
        #expect(!reply.isComplete)
        #expect(reply.byteCount == 100_001)
        var fields: [WireField] = []
        try reply.fields(into: &fields)
        let sizes = fields.map { [$0.name.count, $0.nameSize, $0.value.count, $0.valueSize] }
        #expect(sizes == [[10, 100_000, 1, 1]])
    }

    @Test func `Texts beyond the bounds of a reply are empty, and later elements are only counted`() throws {
        var reply = try receive(
            "local t = {} for i = 1, 1000 do t[i] = 'xxxxxxxxxx' end return {t, 'end'}",
            within: ReplyBounds(maxTextBytes: 100, maxTotalBytes: 2_400))
        #expect(reply.elementCount == 1_003)
        #expect(reply.byteCount == 10_003)
        _ = try reply.array()
        let size = try reply.measureTexts()
        #expect(size.count == 1_000 && size.keptCount == 98 && size.byteCount == 980)
        #expect(!size.isComplete && !size.hasOversizedText && reply.isAtEnd)
        try reply.skip()
    }

    @Test func `Stream information can be read from a reply that is truncated anywhere`() throws {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        let script =
            "return {'length', 2, 'last-generated-id', '2-0', 'first-entry', {'1-0', {'a', 'b', 'c'}}, "
            + "'last-entry', {'2-0', {'a', 'b'}}, 'groups', 0}"
        var lastEntryCount = 0
        for maxTotalBytes in 64...1_000 {
            var writer = RESPWriter()
            writer.command("EVAL", script, "0")
            try connection.send(writer)
            var reply = try connection.receive(within: ReplyBounds(maxTextBytes: 10, maxTotalBytes: maxTotalBytes))
            if try StreamInfo(&reply).lastEntryID != nil { lastEntryCount += 1 }
        }
        #expect((1..<900).contains(lastEntryCount))
    }

    @Test func `A reply within its bounds is complete`() throws {
        var reply = try receive("return {'a', 'b'}", within: ReplyBounds(maxTextBytes: 1, maxTotalBytes: 1_000))
        #expect(reply.isComplete)
        #expect(try reply.measureTexts().isComplete)
    }
}
