import HyperoSchema

/// A command that asks whether an account has a right, without changing anything.
///
/// Redis checks the rights before it looks at the arguments. A command that reads gets a short range, and a command that writes
/// has an argument that Redis refuses, or names a key or a member that nothing has.
struct AccountProbe {
    /// The right.
    let right: AccountRight
    /// The group of the key; nil for a command without keys.
    let keys: AccountKeys?
    /// The command.
    let arguments: [String]

    /// The id of an experiment, a battery and a producer that do not exist, because the contract forbids it: DEL and UNLINK of its
    /// keys are carried out.
    private static let absent = "acl-check!"

    /// Returns the probes of a right, one for each key, in some partitions.
    static func all(of right: AccountRight, in keyspaces: [Keyspace]) -> [AccountProbe] {
        guard !right.keys.isEmpty else {
            return [AccountProbe(right: right, keys: nil, arguments: arguments(of: right.command, key: ""))]
        }
        return keyspaces.flatMap { keyspace in
            right.keys.flatMap { keys in
                samples(of: keys, in: keyspace, mayExist: !["del", "unlink"].contains(right.command)).map { key in
                    AccountProbe(right: right, keys: keys, arguments: arguments(of: right.command, key: key))
                }
            }
        }
    }

    /// Returns keys of a group.
    ///
    /// - Parameter mayExist: false for keys that nothing has.
    private static func samples(of keys: AccountKeys, in keyspace: Keyspace, mayExist: Bool) -> [String] {
        let experiment = keyspace.experimentPrefix + absent
        let battery = keyspace.batteryPrefix + absent
        let producer = keyspace.producerPrefix + absent
        let search = keyspace.searchPrefix + absent
        return switch keys {
        case .events: [keyspace.events]
        case .control: [keyspace.control]
        case .dead: [keyspace.dead]
        case .ingest: [keyspace.ingest]
        case .producers: [producer]
        case .experiments: [experiment, experiment + ":curve"]
        case .batteries: [battery, battery + ":columns"]
        case .searches: [search, search + ":trials"]
        case .all:
            [experiment, experiment + ":curve", battery, battery + ":rank:valid", producer, search]
                + (mayExist
                    ? [
                        keyspace.events, keyspace.control, keyspace.dead, keyspace.ingest, keyspace.lease,
                        keyspace.batteries, keyspace.deleted,
                    ] : [])
        case .everything: [absent]
        }
    }

    /// Returns a command with arguments that change nothing.
    private static func arguments(of command: String, key: String) -> [String] {
        let words = command.uppercased().split(separator: "|").map(String.init)
        return switch command {
        case "client|setname": words + ["hypero-acl"]
        case "client|list": words + ["ID", "0"]
        // Those of Redis itself are never run, but given to ACL DRYRUN.
        case "psync": words + ["?", "-1"]
        case "replconf": words + ["capa", "eof"]
        case "slaveof": words + ["NO", "ONE"]
        case "subscribe": words + ["__sentinel__:hello"]
        case "publish": words + ["__sentinel__:hello", absent]
        case "client|kill": words + ["TYPE", "normal"]
        // A command of an administrator only.
        case "@all": ["MIGRATE", "127.0.0.1", "1", key, "0", "1"]
        case "config|get": words + ["appendonly"]
        case "info": words + ["server"]
        case "select": words + ["0"]
        case "scan": words + ["0", "COUNT", "1"]
        case "memory|usage": words + [key, "SAMPLES", "1"]
        case "hget", "hmget", "hdel", "zscore", "zrem": words + [key, absent]
        case "hscan", "zscan": words + [key, "0", "COUNT", "1"]
        case "zcount", "zrange": words + [key, "0", "0"]
        case "xrange", "xrevrange": words + [key, "0-1", "0-1"]
        case "xread": words + ["COUNT", "1", "STREAMS", key, "$"]
        // Refused: the lowest id, no number, or options that exclude each other.
        case "xadd": words + [key, "0-0", absent, ""]
        case "xdel": words + [key, absent]
        case "xtrim": words + [key, "MAXLEN", absent]
        case "pexpire": words + [key, absent]
        case "set": words + [key, "", "NX", "XX"]
        case "hset": words + [key, absent, "", absent]
        case "hincrby": words + [key, absent, absent]
        case "zadd": words + [key, absent, absent]
        default: key.isEmpty ? words : words + [key]
        }
    }
}
