import HyperoRedis
import HyperoSchema

/// The keys of which the server said that they hold a value of another type.
///
/// A query leaves such a key out, with a warning. A verification reports it, whichever command has read it.
struct WrongTypes {
    /// A key with its partition.
    struct UnreadableKey: Hashable {
        let keyspace: Keyspace
        let key: String
    }

    /// False if no key is recorded.
    private let isRecording: Bool
    /// The keys in the order in which they were found, at most ``limit``.
    private(set) var keys: [UnreadableKey] = []
    private var known: Set<UnreadableKey> = []

    private static let limit = 10_000

    init(isRecording: Bool = false) {
        self.isRecording = isRecording
    }

    /// Records the key of a command that failed.
    mutating func record(_ command: CommandPipeline.Command) {
        guard isRecording, keys.count < Self.limit, command.arguments.count > 1 else { return }
        let key = UnreadableKey(keyspace: command.keyspace, key: command.arguments[1])
        if known.insert(key).inserted { keys.append(key) }
    }

    /// Returns the warning about a key that a query leaves out.
    static func warning(of key: String) -> String {
        "\(printable(key)) holds a value of another type and is left out. Rename or delete the key"
    }
}
