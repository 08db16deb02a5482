import HyperoRedis
import HyperoSchema

// The commands in the control stream of the server to which a replay adds.
extension Replay {
    /// Checks that no other client has written to the control stream: XINFO STREAM control.
    ///
    /// - Parameter last: the last command that this replay has written; zero for none.
    func checkLastCommand(
        _ last: StreamID, in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws {
        let found = try connection.streamInfo(of: keyspace.control).get().lastID ?? .zero
        guard found == last else { throw foreignCommand(found, in: keyspace) }
    }

    /// Returns the error of a command that is not in the archive.
    func foreignCommand(_ id: StreamID, in keyspace: Keyspace) -> ArchiveError {
        ArchiveError(
            "cannot replay: the command \(id) of \(keyspace.control) is not in the archive: an operator has given the server a command of "
                + "its own, or a file is not given. Give all files of the archive. If it is of an operator, such as a rule in cron, stop it, "
                + "and replay to an empty server, or to one where the backup was restored again")
    }
}
