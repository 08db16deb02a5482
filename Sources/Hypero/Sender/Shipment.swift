import HyperoRedis
import HyperoSchema

/// How a batch of events goes to Redis: in one transaction, so that it comes as a whole or not at all.
///
/// Without one, a server whose trouble ends in the middle of a batch, as one short of memory does, refuses an event and
/// takes those behind it: then a later value is overtaken by an earlier one.
struct Shipment {
    /// False on a connection whose account may not use MULTI.
    private(set) var isTransaction = true

    /// What became of a batch.
    struct Outcome {
        /// How many commands, from the first, have a reply; of the others it is not known whether they were run.
        var answered = 0
        /// Which of those Redis did not run, as indexes in order.
        var refused: [Int] = []
        /// The first trouble.
        var failure: RedisError?
        /// The entry that the last one became that was run.
        var id: StreamID?
    }

    /// Whether a MULTI is open for the batch to come.
    private var isOpen = false
    /// Commands of the batch that is on its way, and whether they are in a transaction.
    private var onItsWay = (commands: 0, isTransaction: false)

    /// Sends the commands, each an XADD.
    ///
    /// - Parameter goesOn: whether another batch follows at once: its transaction is then begun along with this one's end,
    ///   which spares a round trip.
    /// - Returns: what became of them when it is known already, because they were not sent.
    mutating func send(
        _ batch: borrowing RESPWriter, goesOn: Bool, over connection: inout RedisConnection
    ) -> Outcome? {
        var outcome = Outcome()
        do {
            let begins = batch.commands > 1 && isTransaction && !isOpen
            if begins, let refusal = try begin(over: &connection) {
                outcome.refuseAll(batch.commands, refusal)
                return outcome
            }
            onItsWay = (batch.commands, isOpen)
            try connection.send(batch)
            guard isOpen else { return nil }
            isOpen = goesOn
            var end = RESPWriter(capacity: 64)
            end.command("EXEC")
            if goesOn { end.command("MULTI") }
            try connection.send(end)
            return nil
        } catch {
            outcome.failure = error
            return outcome
        }
    }

    /// Takes what becomes of the commands that were sent.
    mutating func receive(over connection: inout RedisConnection) -> Outcome {
        var outcome = Outcome()
        do {
            if onItsWay.isTransaction {
                try commit(onItsWay.commands, over: &connection, &outcome)
            } else {
                while outcome.answered < onItsWay.commands {
                    var reply = try connection.receive()
                    try outcome.take(&reply)
                }
            }
        } catch {
            outcome.failure = error
        }
        return outcome
    }

    /// `MULTI` answers OK. Its reply is waited for: commands behind one that was refused would be run by themselves.
    ///
    /// - Returns: why the server does not begin one now; nil also when this account never may.
    private mutating func begin(over connection: inout RedisConnection) throws(RedisError) -> RedisError? {
        let reply = try connection.call("MULTI")
        isOpen = reply.error == nil
        guard let error = reply.error else { return nil }
        guard error.isOfTheAccount else { return error }
        isTransaction = false
        return nil
    }

    /// `EXEC` answers an array of the entries' ids, or EXECABORT when a command was refused before; the `MULTI` behind it OK.
    private mutating func commit(
        _ commands: Int, over connection: inout RedisConnection, _ outcome: inout Outcome
    ) throws(RedisError) {
        var refusal: RedisError?
        for _ in 0..<commands {
            let queued = try connection.receive()
            refusal = refusal ?? queued.error
        }
        var reply = try connection.receive()
        if let error = reply.error {
            outcome.refuseAll(commands, refusal ?? error)
        } else {
            guard try reply.array() == commands else {
                throw RedisError(.connection, "Redis answered EXEC with another number of replies")
            }
            for _ in 0..<commands { try outcome.take(&reply) }
        }
        guard isOpen else { return }
        let multi = try connection.receive()
        isOpen = multi.error == nil
        outcome.failure = outcome.failure ?? multi.error
        // Nothing follows at once, and nothing else may come into it. DISCARD answers OK.
        if isOpen, outcome.failure != nil {
            isOpen = false
            _ = try connection.call("DISCARD")
        }
    }
}

extension Shipment.Outcome {
    /// Takes the reply of one XADD: the id of its entry, or why there is none.
    fileprivate mutating func take(_ reply: inout Reply) throws(RedisError) {
        if let error = reply.error {
            refused.append(answered)
            failure = failure ?? error
            try reply.skip()
        } else {
            guard case let taken?? = try reply.bytes().map({ StreamID($0) }) else {
                throw RedisError(.connection, "Redis answered XADD with what is no id of an entry")
            }
            id = taken
        }
        answered += 1
    }

    fileprivate mutating func refuseAll(_ commands: Int, _ error: RedisError) {
        answered = commands
        refused = Array(0..<commands)
        failure = error
    }
}
