import Glibc
import Synchronization
import TestSupport

/// A server on a unix socket that accepts every client and answers XADD and HGET with a fixed reply.
final class RedirectingServer: Sendable {
    let url: String
    private let folder: TemporaryFolder
    private let listener: Int32
    private let answer: Mutex<String>
    private let received = Atomic<Int>(0)

    /// The number of answered commands.
    var commands: Int { received.load(ordering: .acquiring) }

    init(answer: String) throws {
        folder = try TemporaryFolder()
        let path = folder.file("redirecting.sock")
        url = "unix://\(path)"
        self.answer = Mutex(answer)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 16) == 0 else { throw TestFailure("\(path): errno \(errno)") }
        self.listener = listener
        _ = ThreadGroup(1) { [weak self] _ in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Self.serve(connection) { self?.reply() }
                close(connection)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    func setAnswer(_ text: String) {
        answer.withLock { $0 = text }
    }

    private func reply() -> String {
        received.add(1, ordering: .acquiringAndReleasing)
        return answer.withLock { $0 } + "\r\n"
    }

    /// Answers the commands of a connection until the client closes it.
    ///
    /// A command is recognized by the line with its name. The replies to everything that was read are sent in one write,
    /// because the client writes a batch before it reads and many small writes would fill the socket's buffer.
    private static func serve(_ connection: Int32, reply: () -> String?) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var line: [UInt8] = []
        while true {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return }
            var answers = ""
            for byte in buffer[..<count] {
                guard byte == 10 else {
                    line.append(byte)
                    continue
                }
                switch String(decoding: line.dropLast(), as: UTF8.self) {
                case "CLIENT": answers += "+OK\r\n"
                case "XADD", "HGET": answers += reply() ?? ""
                default: break
                }
                line.removeAll()
            }
            guard answers.isEmpty || send(connection, answers, answers.utf8.count, Int32(MSG_NOSIGNAL)) > 0
            else { return }
        }
    }
}
