import HyperoRedis
import HyperoSchema

/// A read of one whole learning curve, in parts: HSCAN curve cursor COUNT n. Each part is digested when it arrives.
final class CurveReading {
    private let key: String
    private let keyspace: Keyspace
    private(set) var digest: CurveDigest
    private(set) var isComplete = false
    private var failed: PendingReply<[String?]>?
    private var cursor = "0"
    private var parts = 0

    /// The number of rows per part. Redis returns a small hash at once, whatever the number.
    private static let partCount = "64"
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
        pipeline.append(["HSCAN", key, cursor, "COUNT", Self.partCount], shared: [], in: keyspace) {
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
        for _ in 0..<(try reply.array() ?? 0) / 2 {
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
    private(set) var count = 32

    mutating func record(bytes: Int) {
        if bytes > 8 << 20 { count = max(count / 2, 1) }
        if bytes < 1 << 20 { count = min(count * 2, 256) }
    }
}
