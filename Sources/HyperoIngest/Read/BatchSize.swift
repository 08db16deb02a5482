/// How many entries the next XREAD asks for.
///
/// A larger batch costs Redis less an entry, because more of it folds together; but while it applies one, Redis answers
/// nobody else. So the size doubles while a transaction takes less than half of the time it may take, and halves when it
/// takes more. It also stays small enough that a batch of entries as large as those seen lately fits in memory, Redis'
/// memory first: it writes the whole of its answer down. Hence it begins with one: nobody knows yet how large they are.
///
/// Large entries behind a long run of small ones are not foreseen: once, Redis then writes down as many of them as it was
/// asked for, up to the range's end. This side keeps no more than its bounds of any answer.
package struct BatchSize: Sendable, Hashable {
    /// Entries to ask for.
    package private(set) var count = 1

    /// The upper end is what XREAD takes about 2.5 ms of the server's time for, whether the entries fold or not.
    package static let range = 64...2_048
    /// What a transaction may take of the server's time.
    package static let target: Duration = .milliseconds(5)
    /// Bytes of entries that a batch may come to, as far as that can be foreseen.
    package static let byteLimit = 8 << 20

    package init() {}

    /// Takes note of a batch that was read.
    package mutating func read(entries: Int, bytes: Int) {
        guard entries > 0, bytes / entries * count > Self.byteLimit else { return }
        count = max(Self.byteLimit / max(bytes / entries, 1), 1)
    }

    /// Takes note of a batch that was applied; only a full one says something.
    package mutating func applied(entries: Int, in time: Duration) {
        if time > Self.target, entries > 0 {
            count = max(count / 2, min(count, Self.range.lowerBound))
        } else if entries >= count, time < Self.target / 2 {
            count = min(count * 2, Self.range.upperBound)
        }
    }
}
