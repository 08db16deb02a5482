import HyperoRedis
import HyperoSchema

/// A read of one whole learning curve, in parts: HSCAN curve cursor COUNT n. Each part is digested when it arrives.
///
/// The first part has one row, whose size decides the number of rows of the next one: rows may have 20 bytes or 300 KiB, and the
/// server keeps the parts of all curves of a group in its memory until they are read.
final class CurveReading {
    private let key: String
    private let keyspace: Keyspace
    private(set) var digest: CurveDigest
    private(set) var isComplete = false
    private var failed: PendingReply<[String?]>?
    private var cursor = "0"
    private var parts = 0

    /// The number of rows of the next part. Redis returns a small hash at once, whatever the number.
    private(set) var partCount = 1
    /// The largest number of rows of a part, and the size in bytes that it has about.
    private static let (maxPartCount, partSize) = (256, 64 << 10)
    /// The number of parts after which a read gives up, more than any curve has: a server may never end it.
    private static let maxParts = 1 << 24

    init(of id: ExperimentID, in keyspace: Keyspace, digest: CurveDigest) {
        key = keyspace.curve(of: id)
        self.keyspace = keyspace
        self.digest = digest
    }

    /// Appends the command that reads the next part.
    func appendNext(to pipeline: inout CommandPipeline) {
        guard !isComplete else { return }
        pipeline.append(["HSCAN", key, cursor, "COUNT", String(partCount)], shared: [], in: keyspace) {
            [self] reply, server in
            do throws(RedisError) {
                try read(&reply)
            } catch {
                failed = PendingReply(to: ["HSCAN", key], failed: error, server)
                isComplete = true
            }
        }
    }

    private func read(_ reply: inout Reply) throws(RedisError) {
        if let error = reply.error { throw error }
        guard try reply.array() == 2, let next = try reply.string() else {
            throw RedisError(.connection, "invalid reply to HSCAN: no cursor")
        }
        let rows = (try reply.array() ?? 0) / 2
        if rows > 0 {
            // Later rows may be wider, so the parts do not grow at once.
            partCount = min(max(Self.partSize * rows / max(reply.byteCount, 1), 1), partCount * 8, Self.maxPartCount)
        }
        for _ in 0..<rows {
            guard let epoch = try reply.bytes(), let row = try reply.bytes() else { continue }
            digest.add(epoch: epoch, row: row)
        }
        cursor = next
        parts += 1
        isComplete = next == "0" || parts == Self.maxParts
    }

    /// Returns the digest of the whole curve; nil, with a warning, if its key has another type.
    ///
    /// - Throws: the error of the server for any other reason, for example if the account must not run HSCAN.
    func wholeDigest(warnings: inout [String]) throws(QueryError) -> CurveDigest? {
        guard let failed else { return digest }
        if let refusal = failed.refusal { throw refusal }
        _ = try failed.value(or: [], warnings: &warnings)
        return nil
    }
}

/// The number of curves that are read together, so that the parts of all of them take a few megabytes.
struct CurveGroup {
    private(set) var count = Self.minCount

    private static let (minCount, maxCount) = (8, 64)

    /// Decides the number of the next group.
    ///
    /// - Parameter bytes: the size of all parts of the group.
    mutating func record(bytes: Int) {
        count = bytes < 1 << 20 ? min(count * 2, Self.maxCount) : Self.minCount
    }
}
