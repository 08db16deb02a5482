import HyperoRedis
import HyperoSchema

/// The requeue of the dead letters of one partition, a bounded number per transaction.
///
///     WATCH dead  TYPE events  XINFO STREAM events  XRANGE dead id id …
///     HGET ingest unconfirmed
///     MULTI  XADD events * field value …  XDEL dead id …  HINCRBY ingest requeued n  [HSET ingest unconfirmed …]  EXEC
///
/// Without an edit, the dead letters are discarded: the same transaction without XADD and HINCRBY, and without a look at the events.
///
/// EXEC answers null if another client wrote to the dead letters meanwhile, for example another requeue. Then the dead
/// letters are read again. TYPE and XINFO check first that the events' key is a stream that accepts entries, because a
/// command that fails in a transaction does not stop the others.
final class PartitionRequeue {
    private let keyspace: Keyspace
    private var connection: RedisConnection

    /// The maximum number of dead letters per transaction.
    private let maxLetters: Int
    /// The number of bytes after which a transaction gets no further dead letter.
    private static let maxBytes = 8 << 20
    /// The number of consecutive transactions aborted by other clients' writes after which a call of
    /// ``send(_:applying:into:)`` gives up.
    private static let maxAborts = 1_000

    /// - Parameter maxLetters: the maximum number of dead letters per transaction.
    init(_ url: RedisURL, keyspace: Keyspace, maxLetters: Int = 64) throws(RedisError) {
        self.keyspace = keyspace
        self.maxLetters = maxLetters
        connection = try RedisConnection.open(to: url, key: keyspace.dead, name: "hypero-requeue")
    }

    /// Returns whether there is a dead letter with an id.
    func has(_ id: StreamID) throws(RedisError) -> Bool {
        var reply = try connection.call("XRANGE", keyspace.dead, id.description, id.description)
        if let error = reply.error { throw error.naming(key: keyspace.dead, expected: .stream) }
        return try reply.array() ?? 0 > 0
    }

    /// Returns the number of dead letters: XLEN dead.
    func count() throws(RedisError) -> Int {
        var reply = try connection.call("XLEN", keyspace.dead)
        if let error = reply.error { throw error.naming(key: keyspace.dead, expected: .stream) }
        return try reply.integer()
    }

    /// Returns the id of the newest dead letter; nil if there is none.
    func newest() throws(RedisError) -> String? {
        var reply = try connection.call("XREVRANGE", keyspace.dead, "+", "-", "COUNT", "1")
        if let error = reply.error { throw error.naming(key: keyspace.dead, expected: .stream) }
        guard try reply.array() ?? 0 > 0 else { return nil }
        _ = try reply.array()
        return try reply.string()
    }

    /// Sends all dead letters that exist now.
    func sendAll(applying edit: DeadLetterEdit, into report: inout Requeue.Report) throws {
        // The loop ends at this id. An entry that becomes a dead letter again has a higher id, and would be sent in an
        // endless loop.
        if let last = try newest() { try sendAll(through: last, applying: edit, into: &report) }
    }

    /// Sends or discards all dead letters up to an id.
    ///
    /// - Parameter edit: the change of each entry; nil to discard them.
    func sendAll(through last: String, applying edit: DeadLetterEdit?, into report: inout Requeue.Report) throws {
        var start = "-"
        while true {
            let ids = try self.ids(from: start, to: last)
            guard let lastSent = ids.last else { return }
            try send(ids, applying: edit, into: &report)
            start = "(\(lastSent)"
        }
    }

    private func ids(from start: String, to end: String) throws(RedisError) -> [StreamID] {
        var reply = try connection.call("XRANGE", keyspace.dead, start, end, "COUNT", "\(maxLetters)")
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

    /// Sends or discards the dead letters of some ids. Ids without a dead letter are skipped.
    ///
    /// - Parameter edit: the change of each entry; nil to discard them.
    func send(_ ids: [StreamID], applying edit: DeadLetterEdit?, into report: inout Requeue.Report) throws {
        var remaining = ids[...]
        var aborts = 0
        while !remaining.isEmpty {
            if let rest = try sendFirst(of: remaining, applying: edit, into: &report) {
                remaining = rest
                aborts = 0
            } else {
                aborts += 1
                guard aborts < Self.maxAborts else { throw RequeueError(.contention(key: keyspace.dead)) }
            }
        }
    }

    /// Sends or discards as many of the first dead letters as fit into one transaction.
    ///
    /// - Returns: the ids that remain; nil if another client's write aborted the transaction.
    private func sendFirst(
        of ids: ArraySlice<StreamID>, applying edit: DeadLetterEdit?, into report: inout Requeue.Report
    ) throws -> ArraySlice<StreamID>? {
        let first = ids.prefix(maxLetters)
        let letters = try watchAndRead(first, checksEvents: edit != nil)
        var writer = RESPWriter()
        writer.command("MULTI")
        var sent: [StreamID] = []
        var rejections: [Requeue.Report.Rejection] = []
        var processed = 0
        for (id, letter) in zip(first, letters) where writer.count < Self.maxBytes {
            processed += 1
            guard let letter else { continue }
            guard let edit else {
                sent.append(id)
                continue
            }
            do throws(DeadLetterEdit.Failure) {
                let fields = try edit.applying(to: letter, id: id.description)
                Self.addEntry(fields, to: keyspace.events, in: &writer)
                sent.append(id)
            } catch {
                rejections.append(Requeue.Report.Rejection(id: id.description, reason: error))
            }
        }
        guard !sent.isEmpty else {
            _ = try connection.call("UNWATCH")
            report.rejections += rejections
            return ids.dropFirst(processed)
        }
        writer.begin(arguments: 2 + sent.count)
        for argument in ["XDEL", keyspace.dead] + sent.map(\.description) { writer.add(argument) }
        if edit != nil { writer.command("HINCRBY", keyspace.ingest, IngestField.requeued, "\(sent.count)") }
        let lettersByID = Dictionary(zip(first, letters)) { first, _ in first }
        if let unconfirmed = try unconfirmed(without: sent.compactMap { lettersByID[$0] ?? nil }) {
            writer.command("HSET", keyspace.ingest, IngestField.unconfirmed, unconfirmed.description)
        }
        writer.command("EXEC")
        guard let failed = try run(writer, entries: edit == nil ? 0 : sent.count) else { return nil }
        report.sent += sent.count - failed.count
        try restore(failed.compactMap { lettersByID[sent[$0]] ?? nil })
        report.rejections += rejections
        return ids.dropFirst(processed)
    }

    /// Reads the dead letters under WATCH; nil for a dead letter that does not exist.
    ///
    /// - Parameter checksEvents: true if entries are to be sent, which needs a stream of events that accepts them.
    private func watchAndRead(
        _ ids: ArraySlice<StreamID>, checksEvents: Bool
    ) throws -> [[DeadLetterEdit.Field]?] {
        var writer = RESPWriter()
        writer.command("WATCH", keyspace.dead)
        if checksEvents {
            writer.command("TYPE", keyspace.events)
            writer.command("XINFO", "STREAM", keyspace.events)
        }
        for id in ids { writer.command("XRANGE", keyspace.dead, id.description, id.description) }
        try connection.send(writer)
        let watch = try connection.receive()
        var firstError = watch.error
        var type: String?
        var isFull = false
        if checksEvents {
            var typeReply = try connection.receive()
            let stream = try connection.receiveStreamInfo(of: keyspace.events)
            firstError = firstError ?? typeReply.error
            type = typeReply.error == nil ? try typeReply.string() : nil
            // Without permission for XINFO, XADD in the transaction reports a full stream.
            if case .success(let stream) = stream { isFull = stream.hasExhaustedIDs }
        }
        var letters: [[DeadLetterEdit.Field]?] = []
        for _ in ids {
            var reply = try connection.receive()
            firstError = firstError ?? reply.error?.naming(key: keyspace.dead, expected: .stream)
            letters.append(reply.error == nil ? try Self.readLetter(from: &reply) : nil)
        }
        if let firstError { throw firstError }
        if let type, type != "stream", type != "none" {
            throw RequeueError(.wrongType(key: keyspace.events, found: type))
        }
        guard !isFull else { throw RequeueError(.streamFull(key: keyspace.events)) }
        return letters
    }

    /// Returns the value of the ingest's field `unconfirmed` without the entries of some dead letters: HGET ingest
    /// unconfirmed. The next owner would else miss the dead letters, and write them again.
    ///
    /// - Returns: nil if the value needs no change. Otherwise the ingest's hash is watched.
    private func unconfirmed(without letters: [[DeadLetterEdit.Field]]) throws(RedisError) -> Unconfirmed? {
        let ids = letters.compactMap { letter in
            letter.last { $0.name == Array(EventField.deadID.utf8) }.flatMap {
                StreamID(String(decoding: $0.value, as: UTF8.self))
            }
        }
        func read() throws(RedisError) -> Unconfirmed? {
            var reply = try connection.call("HGET", keyspace.ingest, IngestField.unconfirmed)
            guard reply.error == nil else { return nil }
            return try reply.string().flatMap { Unconfirmed($0) }?.excluding(ids)
        }
        // A transaction writes its dead letters and this field together, and `dead` is watched already. The hash is watched
        // only if it is needed, because a busy ingest writes it all the time.
        guard try read() != nil else { return nil }
        _ = try connection.call("WATCH", keyspace.ingest)
        return try read()
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
    /// - Returns: the indices of the entries that Redis rejected; nil if another client's write aborted the
    ///   transaction.
    /// - Throws: the error because of which nothing was sent. If the connection fails, the outcome is unknown, and
    ///   another run is safe.
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

    /// Writes the dead letters of rejected entries again. Redis rejects entries if the events' key changes between the
    /// check and the transaction.
    private func restore(_ letters: [[DeadLetterEdit.Field]]) throws {
        guard !letters.isEmpty else { return }
        var writer = RESPWriter()
        for letter in letters { Self.addEntry(letter, to: keyspace.dead, in: &writer) }
        writer.command("HINCRBY", keyspace.ingest, IngestField.requeued, "\(-letters.count)")
        try connection.send(writer)
        var error: RedisError?
        for _ in 0...letters.count { error = try connection.receive().error ?? error }
        if let error { throw error.naming(key: keyspace.dead, expected: .stream) }
        throw RequeueError(.rejected(key: keyspace.events))
    }
}
