/// Entries that could not be applied, the newest first.
public struct DeadLetterList: Sendable, Hashable {
    /// The newest, as many as were asked for.
    public let letters: [DeadLetter]
    /// How many there are.
    public let count: Int
    /// What could not be read, each a sentence.
    public let warnings: [String]
}
