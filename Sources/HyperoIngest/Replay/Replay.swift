import HyperoCore
import HyperoRedis
import HyperoSchema
package import Logging

/// The replay of archive files to a deployment: writes the entries with their ids to the streams, and applies them.
///
///     let replay = try Replay(settings, files: paths, logger: logger)
///     try replay.check(isForced: false)
///     let result = try replay.run()
///
/// Commands of operators are carried out where they were, between the same entries. The indexes are then those of the deployment that
/// was archived. The clock is the one of the archive: a deletion expires 30 days after it.
package final class Replay {
    let settings: IngestSettings
    private let files: [(keyspace: Keyspace, paths: [String])]
    /// The files without a whole first line.
    private let unbegun: [String]
    let logger: Logger
    let shutdown = ShutdownFlag()
    let skipsDamage: Bool
    var isForced = false
    /// True once the server has entries or commands of this replay.
    var hasWritten = false

    /// - Parameters:
    ///   - files: the paths of archive files.
    ///   - skipsDamage: true to pass over damaged records, which ``Summary/gaps`` then names.
    /// - Throws: ``ArchiveError`` if a file cannot be read, or is of another namespace or number of partitions, ``SchemaError`` if a
    ///   setting is invalid.
    package init(_ settings: IngestSettings, files: [String], skipsDamage: Bool = false, logger: Logger) throws {
        var settings = settings
        settings.isDraining = true
        settings.isReplaying = true
        settings.archive = nil
        try settings.check()
        self.settings = settings
        self.logger = logger
        self.skipsDamage = skipsDamage
        let keyspaces = try settings.keyspaces()
        var (paths, unbegun): ([String: [String]], [String]) = ([:], [])
        for file in files {
            guard try !ArchiveReader.isUnbegun(file) else {
                unbegun.append(file)
                continue
            }
            let tag = try ArchiveReader(file).header.tag
            guard Keyspace.namespace(ofTag: tag) == settings.namespace else {
                throw ArchiveError(
                    "cannot replay \(printable(file)): it is of \(tag), and the namespace is \(settings.namespace). Give only its "
                        + "files, or its namespace by --namespace")
            }
            paths[tag, default: []].append(file)
        }
        // Before it had partitions, the deployment may have had one.
        let former = try Keyspace.all(namespace: settings.namespace, partitions: 1).filter {
            !keyspaces.contains($0) && paths[$0.tag] != nil && paths.count > 1
        }
        let known = former + keyspaces
        let tags = Set(known.map(\.tag))
        if let (tag, files) = paths.filter({ !tags.contains($0.key) }).min(by: { $0.key < $1.key }) {
            throw ArchiveError(
                "cannot replay \(files.first.map { printable($0) } ?? ""): it is of \(tag), and there are \(keyspaces.count) partitions. "
                    + "Give the number of partitions that was archived by --partitions; after it was changed, the highest one"
            )
        }
        self.unbegun = unbegun
        self.files = known.compactMap { keyspace in paths[keyspace.tag].map { (keyspace, $0) } }
    }

    /// Checks that the partitions are empty, and that no ingest owns one.
    ///
    /// - Parameter isForced: true to add entries to partitions that are not empty.
    package func check(isForced: Bool) throws(ArchiveError) {
        self.isForced = isForced
        try converting { try checkPartitions(isForced: isForced) }
    }

    private func checkPartitions(isForced: Bool) throws {
        let former = try files.map(\.keyspace).filter { try !settings.keyspaces().contains($0) }
        for keyspace in try former + settings.keyspaces() {
            var connection = try RedisConnection.open(to: settings.redis, key: keyspace.events, name: "hypero-replay")
            var lease = try connection.call("GET", keyspace.lease)
            if let error = lease.error { throw error.naming(key: keyspace.lease, expected: .string) }
            if let owner = try lease.string() {
                throw ArchiveError(
                    "cannot replay: the ingest \(printable(owner)) owns \(keyspace.tag). Stop it, and start it after the replay"
                )
            }
            var reply = try connection.call(
                "EXISTS", keyspace.events, keyspace.ingest, keyspace.batteries, keyspace.control, keyspace.deleted,
                keyspace.dead)
            let count = try reply.integer()
            guard isForced || count == 0 else {
                throw ArchiveError(
                    "cannot replay: \(keyspace.tag) is not empty. Use another server, or give --force to add what is newer than its "
                        + "last entry, for example after a backup was restored")
            }
        }
    }

    /// Requests that the replay ends. Another thread may call it.
    package var stop: @Sendable () -> Void { { [shutdown] in shutdown.request() } }

    /// Replays the files.
    ///
    /// - Throws: ``ArchiveError`` if a file is damaged, if a signal has ended the replay, or if entries cannot be applied.
    package func run() throws(ArchiveError) -> Summary {
        try converting {
            var result = Summary()
            result.torn = unbegun
            result.gaps = unbegun.map { "\(printable($0)) is empty" }
            let given = Set(files.map(\.keyspace))
            result.addMissing(try settings.keyspaces().filter { !given.contains($0) })
            for (keyspace, paths) in files { try run(paths, in: keyspace, &result) }
            return result
        }
    }

    private func converting<Value>(_ body: () throws -> Value) throws(ArchiveError) -> Value {
        do {
            return try body()
        } catch let error as ArchiveError {
            throw error
        } catch let error as RedisError {
            // The text of a server may have a full stop.
            let report = error.report.hasSuffix(".") ? String(error.report.dropLast()) : error.report
            throw ArchiveError(
                hasWritten ? "\(report). Then run the replay again with --force, which continues it" : report)
        } catch {
            throw ArchiveError("\(error)")
        }
    }
}
