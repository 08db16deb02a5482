import HyperoSchema

/// The commands of an archive that a server has carried out, found by the last of them.
///
/// The server counts its commands and names the last one (``IngestField/commands``). If the archive does not have it, it is older than
/// all files, or it is one of the server's own. After that one, no command of the archive could be told from one that was carried out.
struct DoneCommands {
    /// The last command that was carried out; zero if none was.
    let last: StreamID
    /// The number of that command; nil if the server has not counted.
    private let number: Int?
    /// The number of commands of the archive so far.
    private var position = 0
    private var foundAt: Int?
    /// The position of the last command that is older than the last one that was carried out.
    private var olderCount = 0
    /// True if the archive has a command that should be the last one, and is not.
    private var isContradicted = false
    /// True if the archive has something that is newer than the last command.
    private var hasNewer = false
    /// True if the archive has commands without a number, of an earlier version.
    private var hasUnnumbered = false

    init(_ known: Replay.KnownState) {
        number = known.commands?.count
        last = known.commands?.last ?? known.control
    }

    /// True if further elements make no difference.
    var isDecided: Bool { foundAt != nil || last == .zero || isContradicted }

    /// The number of commands of the archive that are carried out; nil if the server has carried out one of its own.
    var count: Int? {
        if let foundAt { return foundAt }
        // Without a count, the last command is a rebuild.
        guard last != .zero, number != nil || hasUnnumbered else { return 0 }
        return isContradicted || !hasNewer ? nil : olderCount
    }

    /// Takes an entry of the archive into account.
    mutating func compare(entry id: StreamID) { hasNewer = hasNewer || id > last }

    /// Takes a command of the archive into account.
    ///
    /// - Parameters:
    ///   - id: the id that a replay gives it.
    ///   - recorded: the id that it had.
    ///   - commandNumber: its number; nil if it is unknown.
    ///   - isPast: true if it was carried out after the last entry of the server.
    mutating func compare(_ id: StreamID, recorded: StreamID, number commandNumber: Int?, isPast: Bool) {
        position += 1
        hasNewer = hasNewer || id > last
        guard commandNumber == nil || number != nil else { return }
        hasUnnumbered = hasUnnumbered || commandNumber == nil
        // The ids of a control stream that began again are others after a replay.
        let isSameNumber = commandNumber == nil || number == nil || commandNumber == number
        if !isPast, last == id || last == recorded && isSameNumber { foundAt = position }
        let isOlder = commandNumber.map { $0 < number ?? 0 } ?? (id <= last)
        if isOlder, id <= last, !isPast { olderCount = position }
        let isOther = id <= last && (!isOlder || isPast)
        if isOther || commandNumber != nil && commandNumber == number { isContradicted = true }
    }
}
