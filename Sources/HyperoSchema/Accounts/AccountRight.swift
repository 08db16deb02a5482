/// A command that a program sends, with the keys that the command reads or writes. The account of the program needs both.
package struct AccountRight: Sendable, Hashable {
    /// The kind of access to keys.
    package enum Access: Sendable, Hashable {
        case read, write
        /// A command that reads the value that it changes. One pattern must allow both.
        case readWrite
    }

    /// The cost of a missing right.
    package enum Need: Sendable, Hashable {
        /// The program, or one of its commands, fails.
        case required
        /// The program works without the right, and does less.
        case useful
        /// The program needs the right on some occasions only, such as "in a Redis Cluster".
        case occasional(String)
    }

    /// The command as in a rule of ACL SETUSER, such as `xadd` or `xinfo|stream`.
    package let command: String
    /// The keys of the command; empty if it has none.
    package let keys: [AccountKeys]
    /// The access to ``keys``.
    package let access: Access
    /// The cost of a missing right.
    package let need: Need
    /// The consequence of a missing right, a clause without a full stop.
    package let without: String

    /// True if the command has a channel as an argument.
    package var usesChannels: Bool { ["publish", "subscribe", "@all"].contains(command) }

    init(
        _ command: String, _ access: Access = .read, _ keys: [AccountKeys] = [], _ need: Need = .required,
        without: String
    ) {
        self.command = command
        self.keys = keys
        self.access = access
        self.need = need
        self.without = without
    }
}

/// A group of keys that one pattern of an account covers, per partition.
package enum AccountKeys: Sendable, Hashable, CaseIterable {
    /// The stream of events.
    case events
    /// The stream of an operator's commands.
    case control
    /// The stream of dead letters.
    case dead
    /// The hash of the ingest.
    case ingest
    /// The hashes of all producers.
    case producers
    /// The hashes and the curves of all experiments.
    case experiments
    /// All keys of all batteries, without the list of the batteries.
    case batteries
    /// All keys of all searches.
    case searches
    /// All keys of the partition.
    case all
    /// All keys of the server.
    case everything

    /// Returns the glob pattern of the group's keys.
    ///
    /// - Parameter keyspace: the partition, or a pattern of partitions (``Keyspace/patterns(namespace:partitions:)``).
    package func pattern(in keyspace: Keyspace) -> String {
        switch self {
        case .events: keyspace.events
        case .control: keyspace.control
        case .dead: keyspace.dead
        case .ingest: keyspace.ingest
        case .producers: keyspace.producerPrefix + "*"
        case .experiments: keyspace.experimentPrefix + "*"
        case .batteries: keyspace.batteryPrefix + "*"
        case .searches: keyspace.searchPrefix + "*"
        case .all: keyspace.tag + ":*"
        case .everything: "*"
        }
    }
}
