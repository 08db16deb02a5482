/// The rules of ACL SETUSER for one role of a deployment.
package struct AccountRules: Sendable {
    /// The place that a line is for.
    package enum Place: Sendable {
        /// The command ACL SETUSER.
        case command
        /// The file of the setting `aclfile`, or the server's own configuration file.
        case file
    }

    /// The words of a line that Redis refuses until a password replaces them.
    package static let passwordPlaceholder = "#SHA256-OF-THE-PASSWORD"

    /// The role.
    package let role: AccountRole
    /// The rights of the role, with SELECT if the deployment has a database of its own.
    package let rights: [AccountRight]
    /// The partitions as patterns of their tags.
    private let patterns: [Keyspace]
    /// True for Redis 6.2, whose key patterns allow reading and writing alike.
    private let isForRedis6: Bool

    /// - Parameters:
    ///   - namespace: the namespace of the deployment.
    ///   - partitions: the number of partitions.
    ///   - database: the number of the database.
    ///   - isForRedis6: true for Redis 6.2.
    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is out of bounds.
    package init(
        _ role: AccountRole, namespace: String = Keyspace.defaultNamespace, partitions: Int = 1, database: Int = 0,
        isForRedis6: Bool = false
    ) throws(SchemaError) {
        self.role = role
        self.isForRedis6 = isForRedis6
        patterns = try Keyspace.patterns(namespace: namespace, partitions: role.hasAllPartitions ? nil : partitions)
        rights =
            role.rights
            + (database == 0 || role.isOfRedis
                ? []
                : [AccountRight("select", need: .required, without: "the program cannot use the database \(database)")])
    }

    /// Returns the line that creates the account or replaces all its rights.
    ///
    /// - Parameters:
    ///   - user: the name of the account.
    ///   - password: the rule of the password, such as `#` and its SHA-256.
    package func line(
        user: String, password: String = Self.passwordPlaceholder, for place: Place = .command
    ) -> String {
        let words = [user, "reset", "on", password, "resetchannels"] + rules
        return (place == .command ? "ACL SETUSER " : "user ") + words.joined(separator: " ")
    }

    /// The rules of the channels and the keys, then those of the commands.
    package var rules: [String] { channelRules + keyRules + commandRules }

    /// The rules of the channels, such as `&__sentinel__:hello`.
    package var channelRules: [String] { role.channels.map { "&" + $0 } }

    /// The rules of the keys, such as `%R~{hypero}:producer:*`.
    package var keyRules: [String] { unique(rights.flatMap(\.keys)).flatMap { keyRules(of: $0) } }

    /// The rules of the commands, such as `+xadd`.
    package var commandRules: [String] { unique(rights.map { "+\($0.command)" }) }

    /// Returns the rules of a group of keys, one per pattern of partitions.
    package func keyRules(of keys: AccountKeys) -> [String] {
        let accesses = Set(rights.filter { $0.keys.contains(keys) }.map(\.access))
        let type =
            switch accesses {
            case [.read] where !isForRedis6: "%R~"
            case [.write] where !isForRedis6: "%W~"
            // Reading and writing.
            default: "~"
            }
        return patterns.map { type + keys.pattern(in: $0) }
    }

    /// A pattern of partitions, for a text about keys.
    package var anyPartition: Keyspace { patterns[0] }

    /// Returns the rights that a rule of a key or of a command is a part of.
    package func rights(of rule: String) -> [AccountRight] {
        rights.filter { right in
            rule == "+\(right.command)" || channelRules.contains(rule) && right.usesChannels
                || right.keys.contains { keyRules(of: $0).contains(rule) }
        }
    }
}

/// Returns the elements without those that are equal to an earlier one.
private func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return elements.filter { seen.insert($0).inserted }
}
