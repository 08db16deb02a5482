import HyperoRedis
import HyperoSchema

// The requests about claims and trials.
extension Link {
    /// The answer of the ingest to a claim, as far as it is known.
    struct ClaimAnswer {
        /// The value of `grant.<seq>`; nil if the field does not exist.
        let grant: String?
        /// The number of trials that have not ended, if the claim or a later one got none.
        let open: Int?
        /// The watermark before the other two fields were read.
        let watermark: AppliedWatermark
    }

    /// Reads the answers to claims.
    ///
    /// Commands: those of the watermark, then `HGET {hypero}:producer:<id> <field>` for the fields `none.<search>` and `grant.<seq>` of
    /// each claim. In this order, because each may be written between the commands: a claim below the watermark that has no answer then
    /// has none, and so has one below `none.<search>` that has no grant then.
    ///
    /// - Returns: the answers in the order of the claims; nil if the server denies or refuses the commands.
    mutating func readAnswers(to claims: [(claim: Claim, seq: UInt64)]) throws(RedisError) -> [ClaimAnswer]? {
        writer.removeAll()
        writeWatermarkCommands()
        let key = keyspace.producer(producer)
        for (claim, seq) in claims {
            writer.command("HGET", key, ProducerField.none + claim.search.text)
            writer.command("HGET", key, ProducerField.grant + String(seq))
        }
        try sendCommands()
        let watermark = try receiveWatermark()
        // Read all replies even if the first is an error.
        var replies: [(seq: UInt64, none: Result<String?, RedisError>, grant: Result<String?, RedisError>)] = []
        for (_, seq) in claims { replies.append((seq, try receiveText(), try receiveText())) }
        guard let watermark else { return nil }
        do {
            var answers: [ClaimAnswer] = []
            for reply in replies {
                let none = try reply.none.get()?.split(separator: " ").compactMap { UInt64($0) } ?? []
                let open = none.count == 2 && none[0] >= reply.seq ? Int(clamping: none[1]) : nil
                answers.append(ClaimAnswer(grant: try reply.grant.get(), open: open, watermark: watermark))
            }
            return answers
        } catch {
            guard error.isDeniedOrRefused else { throw error }
            return nil
        }
    }

    /// Reads the fields of a hash.
    ///
    /// Command: `HGETALL <key>`.
    ///
    /// - Returns: nil if the server denies or refuses the command.
    mutating func readHash(_ key: String) throws(RedisError) -> [(name: String, value: String)]? {
        writer.removeAll()
        writer.command("HGETALL", key)
        try sendCommands()
        // A search may have tens of thousands of open trials, and an experiment long metadata.
        var reply = try connection?.receive(within: .large)
        do {
            return try reply?.pairs()
        } catch {
            guard error.isDeniedOrRefused else { throw error }
            return nil
        }
    }

    /// Reads the next entries of a search's history.
    ///
    /// Command: `XRANGE {hypero}:search:<id>:trials (<after> + COUNT <count>`.
    ///
    /// - Returns: the ids and the fields of the entries; nil if the server denies or refuses the command.
    mutating func readHistory(
        of search: SearchID, after: String, count: Int
    ) throws(RedisError) -> [(id: String, fields: [(name: String, value: String)])]? {
        writer.removeAll()
        writer.command("XRANGE", keyspace.trials(of: search), "(" + after, "+", "COUNT", String(count))
        try sendCommands()
        // A hyper-parameter may be a text of 64 KiB.
        guard var reply = try connection?.receive(within: .large) else { return [] }
        do {
            var entries: [(id: String, fields: [(name: String, value: String)])] = []
            for _ in 0..<(try reply.array() ?? 0) {
                _ = try reply.array()
                guard let id = try reply.string() else { return entries }
                entries.append((id, try reply.pairs()))
            }
            return entries
        } catch {
            guard error.isDeniedOrRefused else { throw error }
            return nil
        }
    }

    /// Reads the reasons why trials must stop.
    ///
    /// Command: `HGET {hypero}:producer:<id> stop.<experiment>` per trial.
    ///
    /// - Returns: the values, each nil while the trial may go on.
    mutating func readStopReasons(of experiments: [String]) throws(RedisError) -> [String?] {
        writer.removeAll()
        let key = keyspace.producer(producer)
        for experiment in experiments { writer.command("HGET", key, ProducerField.stop + experiment) }
        try sendCommands()
        var reasons: [Result<String?, RedisError>] = []
        for _ in experiments { reasons.append(try receiveText()) }
        var texts: [String?] = []
        for reason in reasons {
            switch reason {
            case .success(let text): texts.append(text)
            case .failure(let error):
                guard error.isDeniedOrRefused else { throw error }
                texts.append(nil)
            }
        }
        return texts
    }
}
