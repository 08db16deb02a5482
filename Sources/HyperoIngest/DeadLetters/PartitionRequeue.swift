import HyperoRedis
import HyperoSchema

/// Sends the dead letters of one partition again, some at a time.
///
///     WATCH dead  TYPE events  XINFO STREAM events  XRANGE dead id id …
///     MULTI  XADD events * field value …  XDEL dead id …  HINCRBY ingest requeued n  EXEC
///
/// EXEC answers null when somebody else wrote to the dead letters meanwhile, as another who sends them again: then it
/// looks once more what is left. That the events are a stream that takes entries is looked at before, because a command
/// that fails in a transaction does not keep the others from running.
final class PartitionRequeue {
    private let space: Keyspace
    private var connection: RedisConnection

    /// Letters of one transaction; as many bytes at most, and one letter at least.
    private static let atOnce = 64
    private static let bytesAtOnce = 8 << 20
    /// How often somebody else may come first.
    private static let mostRounds = 1_000

    init(_ url: RedisURL, _ space: Keyspace) throws(RedisError) {
        var url = url
        var connection = try RedisConnection.open(to: url, name: "hypero-requeue")
        // A cluster's server says who has the keys.
        for _ in 0..<5 {
            let reply = try connection.call("XLEN", space.dead)
            guard case .moved(let host, let port)? = reply.error?.category else { break }
            url = url.withServer(host: host, port: port)
            connection = try RedisConnection.open(to: url, name: "hypero-requeue")
        }
        self.space = space
        self.connection = connection
    }

    /// Whether there is such a letter.
    func has(_ id: StreamID) throws(RedisError) -> Bool {
        var reply = try connection.call("XRANGE", space.dead, id.description, id.description)
        if let error = reply.error { throw error.of(space.dead, holds: "no stream") }
        return try reply.array() ?? 0 > 0
    }

    /// Whether there are any letters.
    func hasAny() throws(RedisError) -> Bool {
        var reply = try connection.call("XLEN", space.dead)
        // An account for other keys may not look.
        return reply.error == nil ? try reply.integer() > 0 : false
    }

    /// Sends all letters that are there now.
    func sendAll(_ mending: DeadLetterEdit, _ report: inout Requeue.Report) throws {
        var reply = try connection.call("XREVRANGE", space.dead, "+", "-", "COUNT", "1")
        if let error = reply.error { throw error.of(space.dead, holds: "no stream") }
        guard try reply.array() ?? 0 > 0 else { return }
        _ = try reply.array()
        // What dies again while this runs has a higher id, and must not be sent round and round.
        let last = try reply.string() ?? ""
        var start = "-"
        while true {
            let ids = try self.ids(from: start, to: last)
            guard let final = ids.last else { return }
            try send(ids, mending, &report)
            start = "(\(final)"
        }
    }

    private func ids(from start: String, to end: String) throws(RedisError) -> [StreamID] {
        var reply = try connection.call("XRANGE", space.dead, start, end, "COUNT", "\(Self.atOnce)")
        var ids: [StreamID] = []
        for _ in 0..<(try reply.array() ?? 0) {
            _ = try reply.array()
            guard let id = try reply.string().flatMap({ StreamID($0) }) else {
                throw RedisError(.connection, "Redis answered an entry without an id")
            }
            ids.append(id)
            try reply.skip()
        }
        return ids
    }

    /// Sends these letters, as far as they are still there.
    func send(_ ids: [StreamID], _ mending: DeadLetterEdit, _ report: inout Requeue.Report) throws {
        var rest = ids[...]
        var rounds = 0
        while !rest.isEmpty {
            rounds += 1
            guard rounds < Self.mostRounds else {
                throw Requeue.Failure(description: "\(space.dead) is written to all the time: try again later")
            }
            rest = try sendSome(rest, mending, &report) ?? rest
        }
    }

    /// Returns the ids that are left; nil when somebody else came first.
    private func sendSome(
        _ ids: ArraySlice<StreamID>, _ mending: DeadLetterEdit, _ report: inout Requeue.Report
    ) throws -> ArraySlice<StreamID>? {
        let some = ids.prefix(Self.atOnce)
        let letters = try watchAndRead(some)
        var writer = RESPWriter()
        writer.command("MULTI")
        var sent: [StreamID] = []
        var obstacles: [String] = []
        var done = 0
        for (id, letter) in zip(some, letters) where writer.count < Self.bytesAtOnce {
            done += 1
            guard let letter else { continue }
            switch mending.mended(letter, id: id.description) {
            case .failure(let obstacle): obstacles.append(Self.sentence(id, obstacle))
            case .success(let fields):
                add(fields, to: space.events, &writer)
                sent.append(id)
            }
        }
        guard !sent.isEmpty else {
            _ = try connection.call("UNWATCH")
            report.obstacles += obstacles
            return ids.dropFirst(done)
        }
        writer.begin(arguments: 2 + sent.count)
        for argument in ["XDEL", space.dead] + sent.map(\.description) { writer.add(argument) }
        writer.command("HINCRBY", space.ingest, IngestField.requeued, "\(sent.count)")
        writer.command("EXEC")
        guard let failed = try run(writer, count: sent.count) else { return nil }
        let taken = Dictionary(zip(some, letters)) { first, _ in first }
        report.sent += sent.count - failed.count
        try putBack(failed.compactMap { taken[sent[$0]] ?? nil })
        report.obstacles += obstacles
        return ids.dropFirst(done)
    }

    private static func sentence(_ id: StreamID, _ obstacle: DeadLetterEdit.Obstacle) -> String {
        switch obstacle {
        case .cut(let fields):
            let names = fields.prefix(5).map { printable($0) }.joined(separator: ", ")
            let more = fields.count > 5 ? " and \(fields.count - 5) more" : ""
            return "\(id) was too large to be kept whole: give --set or --remove for \(names)\(more)"
        case .leftOut(let count):
            return
                "\(id) had too many fields, of which \(printable(count)) \(count == "1" ? "is" : "are") lost: write what it said anew, in several "
                + "entries, and XDEL the letter"
        }
    }

    /// Reads the letters under WATCH; nil for one that is not there.
    private func watchAndRead(_ ids: ArraySlice<StreamID>) throws -> [[DeadLetterEdit.Field]?] {
        var writer = RESPWriter()
        writer.command("WATCH", space.dead)
        writer.command("TYPE", space.events)
        writer.command("XINFO", "STREAM", space.events)
        for id in ids { writer.command("XRANGE", space.dead, id.description, id.description) }
        try connection.send(writer)
        let watch = try connection.receive()
        var type = try connection.receive()
        var info = try connection.receive(within: XReadReply.bounds)
        let kind = type.error == nil ? try type.string() ?? "" : ""
        var firstError = watch.error ?? type.error
        var letters: [[DeadLetterEdit.Field]?] = []
        for _ in ids {
            var reply = try connection.receive()
            firstError = firstError ?? reply.error?.of(space.dead, holds: "no stream")
            letters.append(reply.error == nil ? try Self.letter(&reply) : nil)
        }
        if let firstError { throw firstError }
        guard kind == "stream" || kind == "none" else {
            throw Requeue.Failure(
                description: "\(space.events) holds a \(kind) and no stream: rename or delete it first")
        }
        // An account that may not ask finds out in the transaction.
        if kind == "stream", info.error == nil, try StreamInfo(&info).hasExhaustedIDs {
            throw Requeue.Failure(
                description: "\(space.events) takes no more entries, because its last id is the highest there is: "
                    + "rename it when all of it is applied")
        }
        return letters
    }

    private static func letter(_ reply: inout Reply) throws(RedisError) -> [DeadLetterEdit.Field]? {
        guard try reply.array() ?? 0 > 0 else { return nil }
        _ = try reply.array()
        try reply.skip()
        var wire: [WireField] = []
        try reply.fields(into: &wire)
        return withExtendedLifetime(reply) {
            wire.map { DeadLetterEdit.Field(name: Array($0.name), value: Array($0.value)) }
        }
    }

    private func add(_ fields: [DeadLetterEdit.Field], to key: String, _ writer: inout RESPWriter) {
        writer.begin(arguments: 3 + 2 * fields.count)
        writer.add("XADD" as StaticString)
        writer.add(key)
        writer.add("*" as StaticString)
        for field in fields {
            field.name.withUnsafeBytes { writer.add($0) }
            field.value.withUnsafeBytes { writer.add($0) }
        }
    }

    /// Sends the transaction.
    ///
    /// - Returns: the places of the entries that were not taken after all; nil when somebody else came first.
    /// - Throws: why nothing was done. When the connection breaks, nobody knows; running it again is safe.
    private func run(_ writer: borrowing RESPWriter, count: Int) throws -> [Int]? {
        try connection.send(writer)
        var firstError: RedisError?
        for _ in 0..<writer.commands - 1 {
            let reply = try connection.receive()
            firstError = firstError ?? reply.error
        }
        var exec = try connection.receive()
        if let firstError { throw firstError }
        guard let elements = try exec.array() else { return nil }
        var failed: [Int] = []
        for element in 0..<elements {
            if element < count, exec.error != nil { failed.append(element) }
            try exec.skip()
        }
        return failed
    }

    /// The events became something that takes no entry between the look and the transaction.
    private func putBack(_ letters: [[DeadLetterEdit.Field]]) throws {
        guard !letters.isEmpty else { return }
        var writer = RESPWriter()
        for letter in letters { add(letter, to: space.dead, &writer) }
        writer.command("HINCRBY", space.ingest, IngestField.requeued, "\(-letters.count)")
        try connection.send(writer)
        var error: RedisError?
        for _ in 0...letters.count { error = try connection.receive().error ?? error }
        if let error { throw error.of(space.dead, holds: "no stream") }
        throw Requeue.Failure(description: "\(space.events) took no entry: the letters stay dead, under new ids")
    }
}
