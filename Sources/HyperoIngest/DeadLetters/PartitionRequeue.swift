import HyperoRedis
import HyperoSchema

/// Sends the dead letters of one partition again, a bounded number per transaction.
///
///     WATCH dead  TYPE events  XINFO STREAM events  XRANGE dead id id …
///     MULTI  XADD events * field value …  XDEL dead id …  HINCRBY ingest requeued n  EXEC
///
/// EXEC answers null if another client wrote to the dead letters meanwhile, for example another requeue. Then the dead
/// letters are read again. TYPE and XINFO check first that the events' key is a stream that accepts entries, because a
/// command that fails in a transaction does not stop the others.
final class PartitionRequeue {
    private let keys: Keyspace
    private var connection: RedisConnection

    /// The number of dead letters per transaction.
    private static let maxLetters = 64
    /// The bytes per transaction, which has at least one dead letter.
    private static let maxBytes = 8 << 20
    /// The number of transactions per run, including those that other clients' writes abort.
    private static let maxRounds = 1_000

    init(_ url: RedisURL, keys: Keyspace) throws(RedisError) {
        self.keys = keys
        var topology = Topology(seed: url)
        var connection = try RedisConnection.open(to: topology.current, name: "hypero-requeue")
        for _ in 0..<Topology.maxRedirects {
            let reply = try connection.call("XLEN", keys.dead)
            guard let error = reply.error, topology.follow(error) else { break }
            connection = try RedisConnection.open(to: topology.current, name: "hypero-requeue")
        }
        self.connection = connection
    }

    /// Returns whether there is a dead letter with an id.
    func has(_ id: StreamID) throws(RedisError) -> Bool {
        var reply = try connection.call("XRANGE", keys.dead, id.description, id.description)
        if let error = reply.error { throw error.naming(key: keys.dead, expected: .stream) }
        return try reply.array() ?? 0 > 0
    }

    /// Returns whether there are dead letters; false if the account lacks permission for the key.
    func hasAny() throws(RedisError) -> Bool {
        var reply = try connection.call("XLEN", keys.dead)
        return reply.error == nil ? try reply.integer() > 0 : false
    }

    /// Sends all dead letters that exist now.
    func sendAll(applying edit: DeadLetterEdit, into report: inout Requeue.Report) throws {
        var reply = try connection.call("XREVRANGE", keys.dead, "+", "-", "COUNT", "1")
        if let error = reply.error { throw error.naming(key: keys.dead, expected: .stream) }
        guard try reply.array() ?? 0 > 0 else { return }
        _ = try reply.array()
        // An entry that becomes a dead letter again has a higher id, and must not be sent in an endless loop.
        let last = try reply.string() ?? ""
        var start = "-"
        while true {
            let ids = try self.ids(from: start, to: last)
            guard let final = ids.last else { return }
            try send(ids, applying: edit, into: &report)
            start = "(\(final)"
        }
    }

    private func ids(from start: String, to end: String) throws(RedisError) -> [StreamID] {
        var reply = try connection.call("XRANGE", keys.dead, start, end, "COUNT", "\(Self.maxLetters)")
        var ids: [StreamID] = []
        for _ in 0..<(try reply.array() ?? 0) {
            _ = try reply.array()
            guard let id = try reply.string().flatMap({ StreamID($0) }) else {
                throw RedisError(.connection, "invalid reply to XRANGE: an entry without an id")
            }
            ids.append(id)
            try reply.skip()
        }
        return ids
    }

    /// Sends the dead letters of some ids, as far as they exist.
    func send(_ ids: [StreamID], applying edit: DeadLetterEdit, into report: inout Requeue.Report) throws {
        var remaining = ids[...]
        var rounds = 0
        while !remaining.isEmpty {
            rounds += 1
            guard rounds < Self.maxRounds else { throw RequeueError(.contention(key: keys.dead)) }
            remaining = try sendFirst(of: remaining, applying: edit, into: &report) ?? remaining
        }
    }

    /// Sends as many of the first dead letters as fit into one transaction.
    ///
    /// - Returns: the ids that remain; nil if another client's write aborted the transaction.
    private func sendFirst(
        of ids: ArraySlice<StreamID>, applying edit: DeadLetterEdit, into report: inout Requeue.Report
    ) throws -> ArraySlice<StreamID>? {
        let first = ids.prefix(Self.maxLetters)
        let letters = try watchAndRead(first)
        var writer = RESPWriter()
        writer.command("MULTI")
        var sent: [StreamID] = []
        var rejections: [Requeue.Report.Rejection] = []
        var done = 0
        for (id, letter) in zip(first, letters) where writer.count < Self.maxBytes {
            done += 1
            guard let letter else { continue }
            do throws(DeadLetterEdit.Failure) {
                let fields = try edit.applying(to: letter, id: id.description)
                Self.addEntry(fields, to: keys.events, in: &writer)
                sent.append(id)
            } catch {
                rejections.append(Requeue.Report.Rejection(id: id.description, reason: error))
            }
        }
        guard !sent.isEmpty else {
            _ = try connection.call("UNWATCH")
            report.rejections += rejections
            return ids.dropFirst(done)
        }
        writer.begin(arguments: 2 + sent.count)
        for argument in ["XDEL", keys.dead] + sent.map(\.description) { writer.add(argument) }
        writer.command("HINCRBY", keys.ingest, IngestField.requeued, "\(sent.count)")
        writer.command("EXEC")
        guard let failed = try run(writer, entries: sent.count) else { return nil }
        let lettersByID = Dictionary(zip(first, letters)) { first, _ in first }
        report.sent += sent.count - failed.count
        try restore(failed.compactMap { lettersByID[sent[$0]] ?? nil })
        report.rejections += rejections
        return ids.dropFirst(done)
    }

    /// Reads the dead letters under WATCH; nil for a dead letter that does not exist.
    private func watchAndRead(_ ids: ArraySlice<StreamID>) throws -> [[DeadLetterEdit.Field]?] {
        var writer = RESPWriter()
        writer.command("WATCH", keys.dead)
        writer.command("TYPE", keys.events)
        writer.command("XINFO", "STREAM", keys.events)
        for id in ids { writer.command("XRANGE", keys.dead, id.description, id.description) }
        try connection.send(writer)
        let watch = try connection.receive()
        var typeReply = try connection.receive()
        let stream = try connection.receiveStreamInfo(of: keys.events)
        let type = typeReply.error == nil ? try typeReply.string() ?? "" : ""
        var firstError = watch.error ?? typeReply.error
        var letters: [[DeadLetterEdit.Field]?] = []
        for _ in ids {
            var reply = try connection.receive()
            firstError = firstError ?? reply.error?.naming(key: keys.dead, expected: .stream)
            letters.append(reply.error == nil ? try Self.readLetter(from: &reply) : nil)
        }
        if let firstError { throw firstError }
        guard type == "stream" || type == "none" else {
            throw RequeueError(.wrongType(key: keys.events, found: type))
        }
        // Without permission for XINFO, a full stream is noticed in the transaction.
        if case .success(let stream) = stream, stream.hasExhaustedIDs {
            throw RequeueError(.streamFull(key: keys.events))
        }
        return letters
    }

    private static func readLetter(from reply: inout Reply) throws(RedisError) -> [DeadLetterEdit.Field]? {
        guard try reply.array() ?? 0 > 0 else { return nil }
        _ = try reply.array()
        try reply.skip()
        var wire: [WireField] = []
        try reply.fields(into: &wire)
        return withExtendedLifetime(reply) {
            wire.map { DeadLetterEdit.Field(name: Array($0.name), value: Array($0.value)) }
        }
    }

    private static func addEntry(_ fields: [DeadLetterEdit.Field], to key: String, in writer: inout RESPWriter) {
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
    /// - Parameter entries: the number of entries, whose commands come first.
    /// - Returns: the indices of the entries that Redis rejected; nil if another client's write aborted the transaction.
    /// - Throws: why nothing was done. If the connection fails, the outcome is unknown, and running again is safe.
    private func run(_ writer: borrowing RESPWriter, entries: Int) throws -> [Int]? {
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
            if element < entries, exec.error != nil { failed.append(element) }
            try exec.skip()
        }
        return failed
    }

    /// Writes dead letters again whose entries Redis rejected: the events' key changed between check and transaction.
    private func restore(_ letters: [[DeadLetterEdit.Field]]) throws {
        guard !letters.isEmpty else { return }
        var writer = RESPWriter()
        for letter in letters { Self.addEntry(letter, to: keys.dead, in: &writer) }
        writer.command("HINCRBY", keys.ingest, IngestField.requeued, "\(-letters.count)")
        try connection.send(writer)
        var error: RedisError?
        for _ in 0...letters.count { error = try connection.receive().error ?? error }
        if let error { throw error.naming(key: keys.dead, expected: .stream) }
        throw RequeueError(.rejected(key: keys.events))
    }
}
