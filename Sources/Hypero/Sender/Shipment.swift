import HyperoRedis
import HyperoSchema

/// The batch of events in flight, sent as one transaction, so that Redis accepts a batch as a whole or not at all.
///
/// Without a transaction, a server that recovers in the middle of a batch (for example, from a lack of memory) refuses
/// one event and accepts the next. The refused event would then arrive after a later one.
struct Shipment {
    /// false once the server has not permitted MULTI or EXEC. Batches are then sent without a transaction.
    private(set) var usesTransactions = true

    /// The outcome of a batch.
    struct Outcome {
        /// The number of commands with a reply, counted from the first. The outcome of the others is unknown.
        var answered = 0
        /// The indices of the answered commands that Redis refused, in ascending order.
        var refused: [Int] = []
        /// The first error.
        var failure: RedisError?
        /// The stream id of the last entry added.
        var id: StreamID?
        /// true if nothing was added because the server does not permit EXEC. The batch can be sent again at once, over
        /// another connection if the failure is one of the connection.
        var lacksTransactions = false
    }

    /// - Parameter usesTransactions: false if the server has not permitted them on an earlier connection.
    init(usesTransactions: Bool = true) {
        self.usesTransactions = usesTransactions
    }

    /// true if MULTI has been sent for the next batch.
    private var isTransactionOpen = false
    /// The batch whose replies have not been read.
    private var inFlight = (commands: 0, isTransaction: false)

    /// Sends a batch of XADD commands.
    ///
    /// - Parameter isFollowed: true if another batch follows at once. Its transaction is opened together with the end
    ///   of this one, which saves a round trip.
    /// - Returns: The outcome if the batch could not be sent; nil if its replies are still to be read.
    mutating func send(
        _ batch: borrowing RESPWriter, isFollowed: Bool, over connection: inout RedisConnection
    ) -> Outcome? {
        var outcome = Outcome()
        do {
            let needsTransaction = batch.commands > 1 && usesTransactions && !isTransactionOpen
            if needsTransaction, let error = try begin(over: &connection) {
                outcome.refuseAll(batch.commands, error: error)
                return outcome
            }
            inFlight = (batch.commands, isTransactionOpen)
            try connection.send(batch)
            guard isTransactionOpen else { return nil }
            isTransactionOpen = isFollowed
            var end = RESPWriter(capacity: 64)
            end.command("EXEC")
            if isFollowed { end.command("MULTI") }
            try connection.send(end)
            return nil
        } catch {
            outcome.failure = error
            return outcome
        }
    }

    /// Reads the replies to the batch in flight.
    mutating func receive(over connection: inout RedisConnection) -> Outcome {
        var outcome = Outcome()
        do {
            if inFlight.isTransaction {
                try readTransaction(of: inFlight.commands, over: &connection, into: &outcome)
            } else {
                while outcome.answered < inFlight.commands {
                    var reply = try connection.receive()
                    try outcome.read(&reply)
                }
            }
        } catch {
            outcome.failure = error
        }
        return outcome
    }

    /// Opens a transaction.
    ///
    /// Command: `MULTI`. Reply: `OK`. The reply is awaited, because commands after a refused MULTI would run one by
    /// one.
    ///
    /// - Returns: The error if the server cannot open a transaction now; nil on success, and nil if the account has no
    ///   permission, in which case the batch is sent without a transaction.
    private mutating func begin(over connection: inout RedisConnection) throws(RedisError) -> RedisError? {
        let reply = try connection.call("MULTI")
        isTransactionOpen = reply.error == nil
        guard let error = reply.error else { return nil }
        guard error.isNotPermitted else { return error }
        usesTransactions = false
        return nil
    }

    /// Reads the replies to a transaction.
    ///
    /// Replies: `QUEUED` or an error per command; for `EXEC` an array of stream ids, or EXECABORT if a command was
    /// refused before, or if the account may not use EXEC; `OK` for the `MULTI` of the next batch.
    private mutating func readTransaction(
        of commands: Int, over connection: inout RedisConnection, into outcome: inout Outcome
    ) throws(RedisError) {
        var refusal: RedisError?
        for _ in 0..<commands {
            let queued = try connection.receive()
            refusal = refusal ?? queued.error
        }
        var reply = try connection.receive()
        if let error = reply.error {
            outcome.refuseAll(commands, error: refusal ?? error)
            // Nothing was added, so the batch can be sent without a transaction.
            outcome.lacksTransactions = refusal == nil && error.isNotPermitted
            if outcome.lacksTransactions {
                usesTransactions = false
                // Otherwise the connection may still be in the transaction.
                guard error.hasDiscardedTransaction else { throw RedisError(.connection, error.description) }
            }
        } else {
            guard try reply.array() == commands else {
                throw RedisError(.connection, "unexpected reply to EXEC: not an array of \(commands) elements")
            }
            for _ in 0..<commands { try outcome.read(&reply) }
        }
        guard isTransactionOpen else { return }
        let multi = try connection.receive()
        isTransactionOpen = multi.error == nil
        if let error = multi.error, error.isNotPermitted {
            usesTransactions = false
        } else {
            outcome.failure = outcome.failure ?? multi.error
        }
        // After a failure the next batch does not follow at once. Discard its transaction, so that no other command
        // becomes part of it. Command: `DISCARD`. Reply: `OK`.
        if isTransactionOpen, let failure = outcome.failure {
            isTransactionOpen = false
            let discarded = try connection.call("DISCARD")
            // The connection stays in the transaction, and would queue every later command. Only a new one is outside.
            if let error = discarded.error {
                throw RedisError(
                    .connection, "\(failure.description), and the transaction cannot be discarded: \(error.description)"
                )
            }
        }
    }
}

extension Shipment.Outcome {
    /// Reads the reply to one XADD, a stream id or an error.
    fileprivate mutating func read(_ reply: inout Reply) throws(RedisError) {
        if let error = reply.error {
            refused.append(answered)
            failure = failure ?? error
            try reply.skip()
        } else {
            guard case let added?? = try reply.bytes().map({ StreamID($0) }) else {
                throw RedisError(.connection, "unexpected reply to XADD: not a stream id")
            }
            id = added
        }
        answered += 1
    }

    fileprivate mutating func refuseAll(_ commands: Int, error: RedisError) {
        answered = commands
        refused = Array(0..<commands)
        failure = error
    }
}

extension RedisError {
    /// true if the server does not permit the command to this account, or does not know it. In contrast to a missing password,
    /// the server may permit other commands.
    var isNotPermitted: Bool { code == .noPermission || category == .refused }

    /// true if the server denies or refuses the command to this account or for this key. A retry on another connection
    /// does not help.
    var isDeniedOrRefused: Bool {
        switch category {
        case .denied, .refused: true
        case .transient, .migrating, .moved, .elsewhere, .connection: false
        }
    }
}
