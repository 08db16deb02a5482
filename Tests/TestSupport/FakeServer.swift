import Glibc
import Synchronization

/// A fake Redis server whose replies a test writes.
///
///     let server = try FakeServer { connection in
///         while let command = connection.command() { connection.send(command[0] == "XADD" ? "+1\r\n" : "+OK\r\n") }
///     }
///
/// Each connection has a thread, which calls the function and closes the connection when it returns.
package final class FakeServer: Sendable {
    /// One accepted connection. Used by its thread only.
    package struct Connection: ~Copyable {
        private let descriptor: Int32
        private var buffer: [UInt8] = []

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// Sends a text. Returns false if the client has closed the connection.
        @discardableResult
        package borrowing func send(_ text: String) -> Bool {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                bytes = bytes.dropFirst(count)
            }
            return true
        }

        /// Returns the next command with its arguments; nil after the client has closed the connection.
        package mutating func command() -> [String]? {
            guard let count = line().flatMap({ Int($0.dropFirst()) }) else { return nil }
            var words: [String] = []
            for _ in 0..<count {
                guard let size = line().flatMap({ Int($0.dropFirst()) }) else { return nil }
                while buffer.count < size + 2 { guard receive() else { return nil } }
                words.append(String(decoding: buffer[..<size], as: UTF8.self))
                buffer.removeFirst(size + 2)
            }
            return words
        }

        private mutating func line() -> String? {
            while true {
                if let end = buffer.firstIndex(of: 10) {
                    defer { buffer.removeFirst(end + 1) }
                    return String(decoding: buffer[..<max(end - 1, 0)], as: UTF8.self)
                }
                guard receive() else { return nil }
            }
        }

        private mutating func receive() -> Bool {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 { buffer += chunk[..<count] }
            return count > 0
        }
    }

    /// `unix:///…`, or `redis://127.0.0.1:port` for TCP.
    package let url: String
    /// The loopback port; nil for a unix socket.
    package let port: UInt16?

    private let folder: TemporaryFolder
    private let state: State

    /// The listener and the open connections, which the server ends with itself. The mutex protects them.
    private final class State: Sendable {
        let descriptors: Mutex<Set<Int32>>
        let accepted = Atomic<Int>(0)

        init(listener: Int32) { descriptors = Mutex([listener]) }

        func close(_ descriptor: Int32) {
            descriptors.withLock { _ = $0.remove(descriptor) }
            Glibc.close(descriptor)
        }
    }

    /// The number of connections accepted so far.
    package var connections: Int { state.accepted.load(ordering: .acquiring) }

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - tcp: true to listen on a loopback port instead of a unix socket.
    ///   - serve: called for each connection, on a thread of its own.
    package init(tcp: Bool = false, _ serve: @escaping @Sendable (inout Connection) -> Void) throws {
        folder = try TemporaryFolder()
        port = tcp ? try SocketAddress.freePort() : nil
        let address = port.map { SocketAddress.loopback($0) } ?? .unix(folder.file("fake.sock"))
        url = port.map { "redis://127.0.0.1:\($0)" } ?? "unix://\(folder.file("fake.sock"))"
        let listener = try address.listen()
        _ = fcntl(listener, F_SETFL, 0)
        let state = State(listener: listener)
        self.state = state
        _ = ThreadGroup(1) { _ in
            while true {
                let descriptor = accept(listener, nil, nil)
                // Only this thread closes the listener: a later server could get its number, and its connections
                // would be answered by this one.
                guard descriptor >= 0 else { return state.close(listener) }
                state.descriptors.withLock { _ = $0.insert(descriptor) }
                state.accepted.add(1, ordering: .acquiringAndReleasing)
                _ = ThreadGroup(1) { _ in
                    var connection = Connection(descriptor)
                    serve(&connection)
                    state.close(descriptor)
                }
            }
        }
    }

    deinit {
        state.descriptors.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }
}

/// The behaviour of a server that is hostile or broken.
package enum HostileServer: String, CaseIterable, Codable, Sendable {
    /// A text of 2 GB.
    case endlessText
    /// An array of 30 million nulls, 150 MB.
    case nulls
    /// A status line without an end.
    case endlessLine
    /// A text of which a byte is sent from time to time.
    case trickle
    /// Arrays in arrays, without an end.
    case nested
    /// Complete replies without an end.
    case flood

    /// Starts a server that accepts a login, and answers the first other command in this way.
    ///
    /// - Parameter isLoginHostile: true to answer already the first command of a connection in this way.
    package func start(tcp: Bool = false, isLoginHostile: Bool = false) throws -> FakeServer {
        try FakeServer(tcp: tcp) { connection in
            while let command = connection.command() {
                if !isLoginHostile, ["AUTH", "SELECT", "CLIENT"].contains(command[0]) {
                    connection.send("+OK\r\n")
                    continue
                }
                return answer(over: &connection)
            }
        }
    }

    private func answer(over connection: inout FakeServer.Connection) {
        let (first, repeated): (String, String) =
            switch self {
            case .endlessText: ("$2000000000\r\n", String(repeating: "x", count: 1 << 16))
            case .nulls: ("*30000000\r\n", String(repeating: "$-1\r\n", count: 1 << 13))
            case .endlessLine: ("+", String(repeating: "x", count: 1 << 16))
            case .trickle: ("$100000\r\n", "x")
            case .nested: ("", String(repeating: "*1\r\n", count: 1 << 13))
            case .flood: ("", String(repeating: "+OK\r\n", count: 1 << 13))
            }
        guard connection.send(first) else { return }
        while connection.send(repeated) { if self == .trickle { usleep(10_000) } }
    }
}
