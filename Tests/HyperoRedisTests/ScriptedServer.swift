import Glibc
import HyperoRedis
import TestSupport

/// A fake server that sends a fixed answer to the first connection, whatever it receives.
///
/// The server needs no thread. The connection calls `shouldContinue` repeatedly, and this closure accepts the
/// connection and sends the answer.
final class ScriptedServer {
    let folder: TemporaryFolder
    private let listener: Int32
    private var accepted: Int32 = -1
    private let answer: [UInt8]
    private let closes: Bool

    /// - Parameters:
    ///   - answer: the bytes to send after accepting the connection.
    ///   - closes: true to close the connection after the answer.
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

    /// Connects with a password: the client sends AUTH and CLIENT SETNAME.
    func connect(shouldContinue: @escaping () -> Bool = { true }) throws -> RedisConnection {
        try .open(to: RedisURL("unix://:secret@\(folder.file("s"))"), name: "test", timeout: .seconds(30)) {
            self.serve()
            return shouldContinue()
        }
    }

    /// Sends more bytes to the connection.
    func send(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.send(accepted, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func serve() {
        guard accepted < 0 else { return }
        accepted = accept(listener, nil, nil)
        guard accepted >= 0 else { return }
        // The answer fits into the buffer of the socket, so one call sends it.
        _ = answer.withUnsafeBytes { Glibc.send(accepted, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if closes { shutdown(accepted, Int32(SHUT_RDWR)) }
    }
}
