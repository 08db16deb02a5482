package import HyperoRedis
import HyperoSchema

extension StreamEntry {
    /// Reads all entries of a stream, in order. A stream that does not exist is empty.
    package static func all(
        of stream: String, from connection: inout RedisConnection
    ) throws(RedisError) -> [StreamEntry] {
        var entries: [StreamEntry] = []
        var start = "-"
        while true {
            var reply = try connection.call("XRANGE", stream, start, "+", "COUNT", "5000")
            let count = try reply.array() ?? 0
            for _ in 0..<count {
                _ = try reply.array()
                let id = try reply.string() ?? ""
                start = "(" + id
                var wire: [WireField] = []
                try reply.fields(into: &wire)
                let fields = wire.map { Field(name: Array($0.name), value: Array($0.value)) }
                entries.append(StreamEntry(id: StreamID(id) ?? .zero, fields: fields))
            }
            if count < 5000 { return entries }
        }
    }
}
