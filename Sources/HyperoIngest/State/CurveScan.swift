import HyperoRedis
import HyperoSchema

/// A reader of the rows of one curve, in any order. A row may be added twice.
protocol CurveRowReader {
    mutating func add(epoch: Bytes, row: Bytes)
}

extension CurveDigest: CurveRowReader {}

/// A read of one whole curve, in parts: HSCAN curve cursor COUNT n; or at once by HGETALL curve, if the
/// account must not run HSCAN or the server has no HSCAN.
///
/// A curve may have a million rows. HGETALL would keep Redis from its other clients, and this thread from its lease and
/// from a shutdown, for as long as they take. No other client changes the curve during the scan, because the transaction
/// that follows is fenced.
struct CurveScan<Reader: CurveRowReader> {
    /// The key of the curve.
    let key: String
    private(set) var reader: Reader
    /// True once all parts are read.
    private(set) var isComplete = false
    private var cursor = "0"
    private var count = 256
    private var mayScan = true
    private var bounds = CurveScanBounds.part

    init(key: String, reader: Reader) {
        self.key = key
        self.reader = reader
    }

    /// Reads the next part.
    ///
    /// - Throws: the server's error, for example if the key is no hash; ``RedisError/Code/tooLarge`` if a part that cannot be
    ///   divided is beyond the memory.
    mutating func readPart(over connection: inout RedisConnection) throws(RedisError) {
        var writer = RESPWriter(capacity: 256)
        if mayScan {
            writer.command("HSCAN", key, cursor, "COUNT", "\(count)")
        } else {
            writer.command("HGETALL", key)
        }
        try connection.send(writer)
        var reply = try connection.receive(within: bounds)
        if let error = reply.error {
            let isRefused = error.category == .denied || error.category == .refused && error.code != .wrongType
            guard isRefused, mayScan else { throw error }
            (mayScan, bounds) = (false, CurveScanBounds.whole)
            return
        }
        guard reply.isComplete else {
            guard bounds != CurveScanBounds.whole else { throw RedisError(.tooLarge, "a reply of more than 256 MiB") }
            // Read again, with the same cursor: at first one bucket, then whatever its size.
            if count == 1 { bounds = CurveScanBounds.whole }
            count = 1
            return
        }
        let size = reply.byteCount
        var next = "0"
        if mayScan {
            guard try reply.array() == 2, let cursor = try reply.string() else {
                throw RedisError(.connection, "invalid reply to HSCAN: no cursor")
            }
            next = cursor
        }
        for _ in 0..<(try reply.array() ?? 0) / 2 {
            guard let epoch = try reply.bytes(), let row = try reply.bytes() else { continue }
            reader.add(epoch: epoch, row: row)
        }
        withExtendedLifetime(reply) {}
        cursor = next
        isComplete = next == "0"
        if size < CurveScanBounds.partSize.lowerBound { count = min(count * 2, CurveScanBounds.maxCount) }
        if size > CurveScanBounds.partSize.upperBound { count = max(count / 2, 1) }
    }
}

extension CurveScan<ObjectiveReader> {
    init(key: String, objective: BatteryState.Objective) {
        self.init(key: key, reader: ObjectiveReader(of: objective))
    }
}

/// The bounds of a ``CurveScan``.
private enum CurveScanBounds {
    /// The bounds of a part. A row of 1,024 channels may have 300 KiB.
    static let part = ReplyBounds(maxTextBytes: Limits.entry, maxTotalBytes: 16 << 20)
    /// The bounds of a part that cannot be divided, or of a whole curve. What is beyond them is no error of the connection, because
    /// any client can write a row of any size.
    static let whole = ReplyBounds(maxTextBytes: 256 << 20, maxTotalBytes: 256 << 20)
    /// The size in bytes of a part that reads neither too often nor for too long.
    static let partSize = (128 << 10)...(1 << 20)
    static let maxCount = 4_096
}
