import HyperoCore
import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// XREAD COUNT n [BLOCK ms] STREAMS events id: the entries after an id.
    ///
    /// - Parameter block: how long it waits for an entry when there is none; nil for not at all.
    mutating func reading(after id: StreamID, count: Int, block: Duration?, in space: Keyspace) {
        begin(arguments: block == nil ? 6 : 8)
        add("XREAD" as StaticString)
        add("COUNT" as StaticString)
        add(count)
        if let block {
            add("BLOCK" as StaticString)
            // Zero would be for ever.
            add(max(block.wholeMilliseconds, 1))
        }
        add("STREAMS" as StaticString)
        add(space.events)
        add(id.description)
    }
}
