import Glibc
import TestSupport

/// Sends a recording to a server again: the same bytes over as many connections, without a wait between them, and
/// nobody looks at the replies. No ingest could have Redis do the same in less time.
struct Replay {
    /// From the first byte sent to the last reply.
    let seconds: Double
    /// Of Redis' main thread.
    let redisSeconds: Double

    private static let mark = "the replay is over"
    private static let last = Array("*2\r\n$4\r\nECHO\r\n$\(mark.utf8.count)\r\n\(mark)\r\n".utf8)

    init(of recording: Recording, to server: BenchServer) throws {
        let address = SocketAddress.unix(server.socket)
        let lines = try (0..<recording.connections).map { _ in
            guard let descriptor = address.connect() else { throw BenchError("Redis takes no connection") }
            return ReplayLine(descriptor: descriptor, end: Array(Self.mark.utf8))
        }
        let redisBefore = try server.mainThreadSeconds()
        let start = ContinuousClock.now
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var offset = 0
        for piece in recording.pieces {
            var left = piece.count
            while left > 0 {
                let count = min(left, buffer.count)
                buffer.withUnsafeMutableBytes { recording.read(into: .init(rebasing: $0[..<count]), at: offset) }
                try lines[piece.connection].send(buffer[..<count])
                offset += count
                left -= count
            }
        }
        for line in lines { try line.send(Self.last[...]) }
        for line in lines { try line.waitForEnd() }
        seconds = (ContinuousClock.now - start) / .seconds(1)
        redisSeconds = try server.mainThreadSeconds() - redisBefore
    }
}
