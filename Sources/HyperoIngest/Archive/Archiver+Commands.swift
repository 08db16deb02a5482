import HyperoSchema
import Logging
import Synchronization

// The commands of operators, which the owner hands to the archive after it has carried them out.
extension Archiver {
    /// The number of commands that were carried out at a position.
    struct CommandMark: Sendable, Hashable {
        let position: ArchivePosition
        let count: Int
    }

    /// The longest time for which the owner waits for commands to be written.
    private static let commandWait: Duration = .seconds(1)

    /// Hands a command to the thread, which was carried out.
    ///
    /// - Parameters:
    ///   - number: the number of the command, as ``IngestField/commands`` counts.
    ///   - time: the time of the command in Unix milliseconds; nil if it is that of the id.
    func record(_ event: ControlEvent, id: StreamID, number: Int, time: Int64? = nil) {
        state.withLock { state in
            guard let position = state.position else { return }
            state.commandCount = number
            if state.commands.count >= Self.maxCommands {
                // A replay notices by the number that it is missing.
                state.commandMark = CommandMark(position: position, count: number)
            } else {
                let time = time == Int64(clamping: id.milliseconds) ? nil : time
                state.commands.append(Command(event: event, id: id, position: position, number: number, time: time))
            }
        }
    }

    /// Waits until all commands are written: for at most a second, and not while the disk is full or hangs.
    ///
    /// - Returns: whether they are.
    func waitForCommands() -> Bool {
        let isDone = wait(atMost: Self.commandWait) { $0.commands.isEmpty || $0.isStuck }
        guard isDone else {
            state.withLock { $0.isStuck = true }
            return false
        }
        return hasWrittenCommands
    }

    /// True if all commands are written.
    var hasWrittenCommands: Bool { state.withLock { $0.commands.isEmpty } }

    /// Takes over the commands that an earlier owner has carried out and not archived, from the control stream.
    ///
    /// - Parameters:
    ///   - commands: the commands of the stream.
    ///   - field: the value of ``IngestField/unarchived``.
    ///   - count: the number of commands that were carried out.
    func restore(_ commands: [(id: StreamID, event: ControlEvent)], of field: UnarchivedField, count: Int) {
        let places = field.places(of: commands.map(\.id), count: count)
        let events = Dictionary(commands.map { ($0.id, $0.event) }) { $1 }
        if places.count < commands.count {
            logger.error(
                """
                \(commands.count - places.count) commands of \(keyspace.control) cannot be archived, because their places among the \
                entries are not known: a replay lacks them, and says so
                """)
        }
        state.withLock { state in
            let known = Set(state.commands.map(\.id))
            let restored = places.compactMap { place -> Command? in
                guard !known.contains(place.command), let event = events[place.command] else { return nil }
                let position = ArchivePosition(series: place.run.series, id: place.run.after, count: place.run.count)
                return Command(event: event, id: place.command, position: position, number: place.number)
            }
            state.commands += restored.prefix(max(Self.maxCommands - state.commands.count, 0))
        }
    }
}

extension Archiver.State {
    /// The last entry that is applied; nil before the first checkpoint.
    var position: ArchivePosition? {
        guard let series, let last = marks.last else { return nil }
        return ArchivePosition(series: series.number, id: last.id, count: last.count)
    }

    /// True if the archive must record that commands were carried out which it does not have.
    var lacksCommands: Bool {
        guard isFolderRead, let commandMark else { return false }
        return commandMark.count > max(archivedCommands, commands.compactMap(\.number).max() ?? 0)
    }

    /// Records the number of commands at the position of the owner, unless the archive has it from this process.
    mutating func markCommands(_ count: Int, isNewSeries: Bool) {
        guard isNewSeries || commandCount != count, let position else { return }
        commandCount = count
        commandMark = Archiver.CommandMark(position: position, count: count)
    }
}
