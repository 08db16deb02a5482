public import HyperoSchema

/// A criterion of a Pareto front: a channel or a numeric hyper-parameter with its better direction.
public struct ParetoCriterion: Sendable, Hashable {
    /// The name, with or without prefix: `valid`, `param.width`.
    public let name: String
    /// The better direction; nil for the declared direction of a channel, or for the one that follows from the channel's name.
    public let direction: Direction?

    /// Creates a criterion.
    public init(_ name: String, _ direction: Direction? = nil) {
        self.name = name
        self.direction = direction
    }

    /// The words of a direction, those of other programs too.
    private static let words: [(String, Direction)] = [
        ("max", .max), ("min", .min), ("maximize", .max), ("minimize", .min), ("maximise", .max), ("minimise", .min),
    ]

    /// Creates a criterion from its text: the name, optionally followed by `:max` or `:min`, or `:maximize` or `:minimize`.
    package init(text: String) {
        for (word, direction) in Self.words {
            let suffix = ":" + word
            guard text.hasSuffix(suffix), text.utf8.count > suffix.utf8.count else { continue }
            self.init(String(text.dropLast(suffix.count)), direction)
            return
        }
        self.init(text)
    }
}
