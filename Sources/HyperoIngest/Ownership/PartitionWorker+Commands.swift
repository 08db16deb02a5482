import HyperoRedis
import HyperoSchema
import Logging

// The commands that are kept for the archive.
extension PartitionWorker {
    /// Returns whether commands stay in the control stream until they are archived: also without an archive, if the partition was
    /// archived before, because the next owner may archive it again.
    func keepsCommands(_ work: PreparatoryWork) -> Bool {
        archiver != nil || work.header.isArchived && !settings.isReplaying
    }

    /// Returns the value of ``IngestField/unarchived`` to write in the transaction that carries out a command, so that the next process
    /// finds the command in the control stream if this one is killed before it is archived, or has no archive; nil if commands are not
    /// archived.
    func fieldValue(carryingOut done: CommandsField, _ work: PreparatoryWork) -> String? {
        guard keepsCommands(work) else { return nil }
        if archiver == nil {
            limitedLogger.event(
                "commands stay in \(keyspace.control) until they are archived: the partition was archived, and this ingest has no "
                    + "--archive. If there is no archive any more: HDEL \(keyspace.ingest) \(IngestField.archived)",
                level: .warning)
        }
        var field = archiver?.hasWrittenCommands == true ? UnarchivedField() : UnarchivedField(unarchived)
        let wasPlaced = field.firstUnplaced == nil
        field.add(
            UnarchivedField.Run(
                command: done.last, series: work.position.series, after: work.position.id, count: work.position.count,
                number: done.count))
        if wasPlaced, field.firstUnplaced != nil {
            limitedLogger.event(
                "the places of more than \(UnarchivedField.maxRuns) commands are not archived. If this process is killed, the archive "
                    + "lacks command \(done.last) and those after it, and a replay says so", level: .error)
        }
        return field.description
    }

    /// Hands commands to the archive that an earlier owner has carried out and not archived.
    func restoreUnarchivedCommands(over connection: inout RedisConnection) throws(RedisError) {
        guard let archiver, !unarchived.isEmpty, unarchived != restoredCommands else { return }
        let field = UnarchivedField(unarchived)
        guard let first = field.first?.previous else { return }
        var found: [(id: StreamID, event: ControlEvent)] = []
        let passed = try passedRuns(over: &connection)
        try connection.forEachCommand(after: first, through: control, in: keyspace) { entry in
            guard case .success(let command) = entry.command, command.kind != ControlField.rebuild,
                !passed.contains(entry.id)
            else { return }
            found.append((entry.id, command))
        }
        archiver.restore(found, of: field, count: commands.count)
        restoredCommands = unarchived
    }
}
