import Glibc
import HyperoRedis
import TestSupport

extension RedisServer {
    /// A connection to the server's socket.
    func connect(
        timeout: Duration = .seconds(30), shouldContinue: @escaping () -> Bool = { true }
    ) throws -> RedisConnection {
        try .open(to: RedisURL(url), name: "test", timeout: timeout, shouldContinue: shouldContinue)
    }

    /// How many connections the server counts that called themselves `test`.
    var connections: Int { cli("CLIENT", "LIST").split(separator: "\n").count { $0.contains("name=test") } }
}

/// The error that a body throws; nil when it throws none.
///
/// `#expect(throws:)` cannot be given a closure that holds a connection, which cannot be copied.
func redisError(_ body: () throws -> Void) -> RedisError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RedisError
    }
}

/// A server that answers what it was told to, whatever it is asked.
///
/// It needs no thread: the connection calls its `shouldContinue` again and again, and the server does its part there.
final class ScriptedServer {
    let folder: TemporaryFolder
    private let listener: Int32
    private var accepted: Int32 = -1
    private let answer: [UInt8]
    private let closes: Bool

    /// - Parameters:
    ///   - answer: what it sends once somebody connects.
    ///   - closes: whether it closes the connection behind that.
    init(_ answer: String, closes: Bool = false) throws {
        folder = try TemporaryFolder()
        self.answer = Array(answer.utf8)
        self.closes = closes
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: folder.file("s").utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 1) == 0 else { throw TestFailure("cannot listen: errno \(errno)") }
    }

    deinit {
        if accepted >= 0 { close(accepted) }
        close(listener)
    }

    /// Connects, with a password, and so sends AUTH and CLIENT SETNAME.
    func connect() throws -> RedisConnection {
        try .open(to: RedisURL("unix://:secret@\(folder.file("s"))"), name: "test", timeout: .seconds(30)) {
            self.serve()
            return true
        }
    }

    private func serve() {
        guard accepted < 0 else { return }
        accepted = accept(listener, nil, nil)
        guard accepted >= 0 else { return }
        // Few enough bytes for the socket's buffer.
        _ = answer.withUnsafeBytes { send(accepted, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if closes { shutdown(accepted, Int32(SHUT_RDWR)) }
    }
}
