import Glibc
import TestSupport

/// The cost of sending a recording to a server again.
///
/// The replay sends the same bytes over the same number of connections, never waits between commands, and discards the
/// replies. The time is a lower bound: no ingest can make Redis execute the same commands faster.
struct Replay {
    /// The time from the first byte sent to the last reply.
    let seconds: Double
    /// The processor time of the main thread of Redis.
    let redisSeconds: Double

    private static let endMark = "the replay is over"
    /// The last command of each connection. The reply to this command is the end mark.
    private static let endCommand = Array("*2\r\n$4\r\nECHO\r\n$\(endMark.utf8.count)\r\n\(endMark)\r\n".utf8)

    init(of recording: Recording, to server: BenchServer) throws {
        let address = SocketAddress.unix(server.socket)
        let connections = try (0..<recording.connections).map { _ in
            guard let descriptor = address.connect() else {
                throw BenchError("Redis refused a connection of the replay")
            }
            return ReplayConnection(descriptor: descriptor, endMark: Array(Self.endMark.utf8))
        }
        let redisBefore = try server.mainThreadSeconds()
        let start = ContinuousClock.now
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var offset = 0
        for piece in recording.pieces {
            var remaining = piece.count
            while remaining > 0 {
                let count = min(remaining, buffer.count)
                buffer.withUnsafeMutableBytes { recording.read(into: .init(rebasing: $0[..<count]), at: offset) }
                try connections[piece.connection].send(buffer[..<count])
                offset += count
                remaining -= count
            }
        }
        for connection in connections { try connection.send(Self.endCommand[...]) }
        for connection in connections { try connection.waitForEnd() }
        seconds = (ContinuousClock.now - start) / .seconds(1)
        redisSeconds = try server.mainThreadSeconds() - redisBefore
    }
}
