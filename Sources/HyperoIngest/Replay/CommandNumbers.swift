import HyperoSchema

/// The numbers of the commands of an archive, in their order, by which a replay notices that some are missing.
struct CommandNumbers {
    /// The number of the next command.
    private var expected = 1
    /// The entry after which the last known command was carried out.
    private var last = StreamID.zero
    /// The number of commands that the server had carried out at the beginning.
    private var begun = 0
    /// True until a series that has begun has named its number of commands.
    private var isNewSeries = false

    /// Begins with the commands that a server has carried out.
    ///
    /// - Parameter id: the last entry of the server.
    mutating func begin(after count: Int, at id: StreamID) {
        (expected, last, begun) = (count + 1, id, count)
    }

    /// Begins a series.
    ///
    /// - Parameter isKnown: true if the server has entries of it, or of a later one.
    mutating func beginSeries(isKnown: Bool) { isNewSeries = !isKnown }

    /// Takes into account that a number of commands were carried out up to an entry.
    ///
    /// - Returns: the hole if some of them are missing.
    mutating func require(_ count: Int, through id: StreamID) -> ArchiveHole? {
        // A server that was restored to an older state counts again from there.
        if isNewSeries { expected = min(expected, count + 1) }
        isNewSeries = false
        return reach(count + 1, at: id)
    }

    /// Takes a command into account, which was carried out after an entry.
    ///
    /// - Returns: the hole if commands before it are missing, or if the server that was archived had lost some, so that it has counted
    ///   again.
    mutating func add(_ number: Int, after id: StreamID) -> ArchiveHole? {
        let lost = isNewSeries || number <= begun ? 0 : expected - number
        isNewSeries = false
        if lost > 0 {
            (expected, last) = (number + 1, id)
            return ArchiveHole(
                text:
                    "the server that was archived had lost \(lost == 1 ? "the last command" : "the last \(lost) commands") of operators up "
                    + "to the entry \(id) (\(ArchiveTime.text(of: id)) UTC), which the replay has carried out",
                through: .highest)
        }
        defer { expected = max(expected, number + 1) }
        return reach(number, at: id)
    }

    private mutating func reach(_ next: Int, at id: StreamID) -> ArchiveHole? {
        let (missing, start) = (next - expected, last)
        expected = max(expected, next)
        last = id
        guard missing > 0 else { return nil }
        let times = start == id ? ArchiveTime.text(of: id) + " UTC" : ArchiveTime.text(after: start, through: id)
        let (nouns, verb) = missing == 1 ? ("command", "was") : ("commands", "were")
        return ArchiveHole(
            text:
                "\(missing) \(nouns) of operators between the entries \(start) and \(id) (\(times)) \(verb) carried out, and "
                + "the archive lacks \(missing == 1 ? "it" : "them")",
            through: .highest)
    }
}
