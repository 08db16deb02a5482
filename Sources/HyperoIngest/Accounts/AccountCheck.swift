package import HyperoRedis
package import HyperoSchema

/// The comparison of an account with the rights of a role.
///
///     ACL WHOAMI
///     ACL DRYRUN user command argument …      for each right and key, or the command itself
///
/// ACL DRYRUN (Redis 7.0) needs permission of its own. Without it, the account of the connection runs each command in a form
/// that changes nothing (``AccountProbe``).
package struct AccountCheck {
    /// The source of an answer.
    package enum Method: Sendable {
        /// ACL DRYRUN.
        case dryRun
        /// The commands themselves.
        case trial
    }

    /// A rule that an account lacks.
    package struct Lack: Sendable {
        /// The rule, such as `+xadd`.
        package let rule: String
        /// The right that depends on the rule most.
        package let right: AccountRight
    }

    /// The result.
    package struct Report: Sendable {
        /// The server, which is the primary that sentinels name or the first one of a list that can be used.
        package let server: RedisURL
        /// The name of the account; nil if the server does not say it.
        package let user: String?
        /// The source of the answers.
        package let method: Method
        /// The missing rules, those that are needed first.
        package let lacks: [Lack]
        /// The rules of ACL SETUSER that grant what lacks.
        package let grant: [String]
    }

    /// An account that cannot be checked.
    package enum Failure: Error, Sendable {
        /// The account is not that of the connection, and ACL DRYRUN is not possible.
        case otherUser(String, reason: String)
        /// The commands of the role change the server, so that they are not tried, and ACL DRYRUN is not possible.
        case untried(String?, reason: String)
        /// A command or the connection failed.
        case redis(RedisError)
    }

    private let url: RedisURL
    private let rules: AccountRules
    private let probes: [AccountProbe]

    /// - Parameters:
    ///   - url: the server and the account of the connection.
    ///   - rules: the rules of the role.
    ///   - keyspaces: all partitions, of which the first and the last one are checked.
    package init(_ url: RedisURL, rules: AccountRules, keyspaces: [Keyspace]) {
        self.url = url
        self.rules = rules
        let checked = keyspaces.count > 1 ? [keyspaces[0], keyspaces[keyspaces.count - 1]] : keyspaces
        let probes = rules.rights.flatMap { AccountProbe.all(of: $0, in: checked) }
        // After MULTI, a command is queued.
        self.probes = probes.filter { !$0.opensTransaction } + probes.filter(\.opensTransaction)
    }

    /// Checks an account.
    ///
    /// - Parameter user: the name of the account; nil for that of the connection.
    package func run(user: String? = nil) throws(Failure) -> Report {
        let result: Result<Report, Failure>
        do throws(RedisError) {
            // The account of the URL is sent where the programs of the role would send it.
            var topology = Topology(seed: url)
            var connection = try topology.open(
                for: rules.role.writes ? .writing : .reading, name: "hypero-acl", bounds: .medium)
            result = try check(user, over: &connection)
        } catch {
            throw .redis(error)
        }
        return try result.get()
    }

    private func check(
        _ user: String?, over connection: inout RedisConnection
    ) throws(RedisError) -> Result<Report, Failure> {
        var whoami = try connection.call("ACL", "WHOAMI")
        let own = whoami.error == nil ? try whoami.string() : nil
        var refusal = "the server does not name the account of the connection"
        if let name = user ?? own {
            guard let error = try connection.call("ACL", "DRYRUN", name, "PING").error else {
                let answers = try answers(over: &connection, prefix: ["ACL", "DRYRUN", name])
                return .success(report(answers, user: name, method: .dryRun, server: connection.url))
            }
            refusal = error.description
        }
        if rules.role.isOfRedis { return .failure(.untried(user ?? own, reason: refusal)) }
        if let user, user != own { return .failure(.otherUser(user, reason: refusal)) }
        let answers = try answers(over: &connection, prefix: [])
        return .success(report(answers, user: own, method: .trial, server: connection.url))
    }

    // MARK: - Asking

    private enum Answer {
        case permitted, commandDenied, keyDenied, channelDenied

        init(_ error: RedisError?) {
            self =
                switch error {
                case .some(let error) where error.deniesKey: .keyDenied
                case .some(let error) where error.deniesChannel: .channelDenied
                case .some(let error) where error.code == .noPermission: .commandDenied
                // Redis checks the rights first.
                default: .permitted
                }
        }
    }

    /// Sends all probes, each after a prefix, and returns the answers.
    private func answers(
        over connection: inout RedisConnection, prefix: [String]
    ) throws(RedisError) -> [Answer] {
        var writer = RESPWriter()
        for probe in probes {
            let arguments = prefix + probe.arguments
            writer.begin(arguments: arguments.count)
            for argument in arguments { writer.add(argument) }
        }
        try connection.send(writer)
        var answers: [Answer] = []
        for _ in probes {
            var reply = try connection.receive()
            if prefix.isEmpty || reply.error != nil {
                answers.append(Answer(reply.error))
            } else {
                // DRYRUN answers OK, or the denial as a text.
                let text = try reply.string() ?? ""
                answers.append(text == "OK" ? .permitted : Answer(RedisError(reply: "NOPERM \(text)")))
            }
        }
        return answers
    }

    // MARK: - Reporting

    private func report(_ answers: [Answer], user: String?, method: Method, server: RedisURL) -> Report {
        let answered = Array(zip(probes, answers))
        let denied = answered.filter { $0.1 != .permitted }
        let commands = Set(denied.filter { $0.1 == .commandDenied }.map(\.0.right.command))
        var keys = Set(denied.filter { $0.1 == .keyDenied }.compactMap(\.0.access))
        let lackingKeys = Set(keys.map(\.keys))
        let lacksChannel = denied.contains { $0.1 == .channelDenied }
        let lackingRules = rules.rules.filter { rule in
            commands.contains { rule == "+\($0)" } || lacksChannel && rules.channelRules.contains(rule)
                || lackingKeys.contains { rules.keyRules(of: $0).contains(rule) }
        }
        let lacks = lackingRules.compactMap { rule in
            rules.rights(of: rule).filter { right in denied.contains { $0.0.right == right } }.first.map {
                Lack(rule: rule, right: $0)
            }
        }
        // The keys of a denied command are unknown, unless another command may use them.
        let known = Set(answered.filter { $0.1 != .commandDenied }.compactMap(\.0.access))
        keys.formUnion(Set(denied.compactMap(\.0.access)).subtracting(known))
        let groups = Set(keys.map(\.keys))
        // So are the channels.
        let needsChannels = denied.contains { $0.0.right.usesChannels }
        let grant = rules.rules.filter { rule in
            lackingRules.contains(rule) || needsChannels && rules.channelRules.contains(rule)
                || groups.contains { rules.keyRules(of: $0).contains(rule) }
        }
        return Report(server: server, user: user, method: method, lacks: lacks, grant: grant)
    }
}

extension AccountProbe {
    fileprivate struct KeyAccess: Hashable {
        let keys: AccountKeys
        let access: AccountRight.Access
    }

    fileprivate var opensTransaction: Bool { arguments == ["MULTI"] }

    /// The access to the group of the key; nil for a command without keys.
    fileprivate var access: KeyAccess? { keys.map { KeyAccess(keys: $0, access: right.access) } }
}

extension AccountRole {
    /// True if the programs of the role need a primary.
    fileprivate var writes: Bool {
        switch self {
        case .logger, .training, .ingest, .operator, .sentinel, .admin: true
        case .query, .replica: false
        }
    }
}
