import HyperoRedis
import HyperoSchema

extension PartitionStatusRequest {
    /// Returns the problems with the partition's keys that stop the ingest, one message each.
    var problems: [String] { wrongTypes + exhaustedStreams }

    /// The commands with their keys that the account must not run.
    var deniedCommands: [String] {
        func text<Value>(_ reply: PendingReply<Value>?) -> String? {
            guard let reply, reply.denial != nil else { return nil }
            // XINFO has the key after its subcommand.
            return reply.command.prefix(reply.command[0] == "XINFO" ? 3 : 2).joined(separator: " ")
        }
        return [
            text(stream), text(ingest), text(lease), text(deadLetterCount), text(deadStream), text(batteryCount),
            text(deletedCount), text(controlStream), text(newestDeadLetter), text(oldest), text(commands),
        ].compactMap(\.self)
    }

    /// The error, if the server refused all commands that the ingest depends on, for example because it is a sentinel.
    var refusal: QueryError? {
        guard [stream.refusal, ingest.refusal, lease.refusal].allSatisfy({ $0 != nil }) else { return nil }
        return ingest.refusal
    }

    /// Returns whether the cursor is beyond the end of the stream.
    func isBeyondEnd(_ cursor: StreamID?) -> Bool {
        guard let cursor, let stream = stream.value else { return false }
        return cursor > stream.lastID ?? .zero
    }

    /// Keys that hold a value of another type.
    private var wrongTypes: [String] {
        let rename = "Rename or delete the key"
        return [
            wrongType(stream, key: keyspace.events, problem: "is not a stream, so no entry is applied. \(rename)"),
            wrongType(ingest, key: keyspace.ingest, problem: "is not a hash, so no entry is applied. \(rename)"),
            wrongType(lease, key: keyspace.lease, problem: "is not a string, so no entry is applied. \(rename)"),
            wrongType(
                deadLetterCount, key: keyspace.dead,
                problem: "is not a stream, so the ingest stops before the next entry that cannot be applied. \(rename)"),
            wrongType(
                batteryCount, key: keyspace.batteries,
                problem:
                    "is not a sorted set, so declarations of batteries become dead letters. \(rename), then send the "
                    + "dead letters again with hypero-ingest requeue"),
            wrongType(
                controlStream, key: keyspace.control,
                problem: "is not a stream, so hypero-ingest delete has no effect. \(rename)"),
            wrongType(
                deletedCount, key: keyspace.deleted,
                problem: "is not a sorted set, so no entry is applied and nothing is deleted. \(rename)"),
        ].compactMap(\.self)
    }

    private func wrongType<Value>(_ reply: PendingReply<Value>, key: String, problem: String) -> String? {
        reply.failure?.error.code == .wrongType ? "\(key) \(problem)" : nil
    }

    /// Streams whose last id is the highest possible one.
    private var exhaustedStreams: [String] {
        let reason = "accepts no more entries, because its last id is the highest possible id"
        var problems: [String] = []
        if let stream = stream.value, stream.hasExhaustedIDs {
            problems.append(
                "\(keyspace.events) \(reason). No client can log. When all its entries are applied, rename or delete the "
                    + "key")
        }
        if let stream = deadStream.value, stream.hasExhaustedIDs {
            problems.append(
                "\(keyspace.dead) \(reason). The ingest stops before the next entry that cannot be applied, and may have "
                    + "pending dead letters. Send its entries again with hypero-ingest requeue, then delete the key")
        }
        return problems
    }
}
