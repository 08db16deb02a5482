import HyperoSchema
import Synchronization

// The commands of operators, which the owner hands to the archive after it has carried them out.
extension Archiver {
    /// The longest time for which the owner waits for commands to be written.
    private static let commandWait: Duration = .seconds(1)

    /// Returns the value of ``IngestField/unarchived`` to write in the transaction that carries out a command, so that the next process
    /// finds the command in the control stream if this one is killed before it is archived; nil before the first entry.
    func fieldValue(carryingOut id: StreamID) -> String? {
        state.withLock { state in
            guard let position = state.position else { return nil }
            if state.commands.isEmpty { state.unarchived = UnarchivedField() }
            state.unarchived.add(
                UnarchivedField.Run(command: id, series: position.series, after: position.id, count: position.count))
            return state.unarchived.description
        }
    }

    /// Hands a command to the thread, which was carried out.
    func record(_ event: ControlEvent, id: StreamID) {
        state.withLock { state in
            guard let position = state.position else { return }
            if state.commands.count >= Self.maxCommands {
                state.loseCommand(after: position)
            } else {
                state.commands.append(Command(event: event, id: id, position: position))
            }
        }
    }

    /// Waits until all commands are written: for at most a second, and not while the disk is full or hangs.
    ///
    /// - Returns: whether they are.
    func waitForCommands() -> Bool {
        let isDone = wait(atMost: Self.commandWait) { $0.hasWrittenCommands || $0.isStuck }
        guard isDone else {
            state.withLock { $0.isStuck = true }
            return false
        }
        return hasWrittenCommands
    }

    /// True if all commands are written.
    var hasWrittenCommands: Bool { state.withLock { $0.hasWrittenCommands } }

    /// Takes over the commands that an earlier owner has carried out and not archived, from the control stream.
    ///
    /// - Parameters:
    ///   - commands: the commands of the stream.
    ///   - field: the value of ``IngestField/unarchived``.
    func restore(_ commands: [(id: StreamID, event: ControlEvent)], of field: UnarchivedField) {
        guard let first = field.runs.first else { return }
        state.withLock { state in
            let known = Set(state.commands.map(\.id))
            let position = { (run: UnarchivedField.Run) in
                ArchivePosition(series: run.series, id: run.after, count: run.count)
            }
            let restored = commands.compactMap { command -> Command? in
                guard !known.contains(command.id), let run = field.run(of: command.id) else { return nil }
                return Command(event: command.event, id: command.id, position: position(run))
            }
            if state.commands.isEmpty { state.unarchived = field }
            state.commands += restored.prefix(Self.maxCommands)
            // Another client has removed it.
            if commands.first?.id != first.command { state.loseCommand(after: position(first)) }
        }
    }
}

extension Archiver.State {
    /// The last entry that is applied; nil before the first checkpoint.
    fileprivate var position: ArchivePosition? {
        guard let series, let last = marks.last else { return nil }
        return ArchivePosition(series: series.number, id: last.id, count: last.count)
    }

    fileprivate var hasWrittenCommands: Bool { commands.isEmpty && lostCommands == 0 }

    /// Counts a command that cannot be archived.
    fileprivate mutating func loseCommand(after position: ArchivePosition) {
        lostCommands += 1
        lostPosition = position
    }
}
