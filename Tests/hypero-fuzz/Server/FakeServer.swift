import Foundation
import Glibc
import HyperoCore
import Synchronization
import TestSupport

/// The behavior of a fake server for one connection. Used by the server's thread.
protocol FakeConversation: AnyObject, Sendable {
    /// Receives a whole command, and returns what to do.
    func reply(to command: ArraySlice<UInt8>) -> FakeReply
    /// Bytes to send now although no command asks for them; nil to send nothing.
    func unsolicited() -> [UInt8]?
}

enum FakeReply {
    case bytes([UInt8])
    /// The bytes, and then the end of the connection.
    case last([UInt8])
}

/// A server on a unix socket that answers as a conversation decides.
///
/// One thread serves all connections. Deinitialization ends the thread.
final class FakeServer: Sendable {
    let url: String

    private let folder: TemporaryFolder
    private let makeConversation: Mutex<(@Sendable () -> any FakeConversation)?>
    /// Incremented to close all connections.
    private let epoch = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)

    init() throws {
        folder = try TemporaryFolder()
        url = "unix://\(folder.file("s"))"
        makeConversation = Mutex(nil)
        let listener = try SocketAddress.unix(folder.file("s")).listen()
        // The thread holds the server weakly between two rounds, so that it can be deinitialized.
        Thread.detachNewThread { [weak self] in
            var loop = FakeServerLoop(listener: listener)
            while let server = self, !server.isStopping.load(ordering: .acquiring) {
                let make = server.makeConversation.withLock { $0 }
                loop.round(epoch: server.epoch.load(ordering: .acquiring), make: make)
            }
            loop.end()
        }
    }

    deinit {
        isStopping.store(true, ordering: .releasing)
    }

    /// Closes all connections, and answers later ones with new conversations.
    func answer(with make: (@Sendable () -> any FakeConversation)?) {
        makeConversation.withLock { $0 = make }
        epoch.add(1, ordering: .acquiringAndReleasing)
    }
}

/// The connections of a fake server.
private struct FakeServerLoop {
    private struct Connection {
        let descriptor: Int32
        let conversation: any FakeConversation
        var splitter = RESPSplitter()
        /// A slice, because the bytes that were sent are removed from its start.
        var output: ArraySlice<UInt8> = []
        var isLast = false
    }

    private let listener: Int32
    private var epoch = 0
    private var connections: [Connection] = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(listener: Int32) {
        self.listener = listener
    }

    mutating func round(epoch: Int, make: (@Sendable () -> any FakeConversation)?) {
        if epoch != self.epoch {
            closeAll()
            self.epoch = epoch
        }
        var descriptors = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        for connection in connections {
            let sends = connection.output.isEmpty ? 0 : POLLOUT
            descriptors.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN | sends), revents: 0))
        }
        poll(&descriptors, nfds_t(descriptors.count), 1)
        if descriptors[0].revents != 0 { accept(make) }
        var closed: [Int] = []
        for index in connections.indices where !Self.transfer(&connections[index], buffer: &buffer) {
            closed.append(index)
        }
        for index in closed.reversed() { Glibc.close(connections.remove(at: index).descriptor) }
    }

    private mutating func accept(_ make: (@Sendable () -> any FakeConversation)?) {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard let make else {
            Glibc.close(descriptor)
            return
        }
        connections.append(Connection(descriptor: descriptor, conversation: make()))
    }

    /// - Returns: false if the connection has ended.
    private static func transfer(_ connection: inout Connection, buffer: inout [UInt8]) -> Bool {
        let count = read(connection.descriptor, &buffer, buffer.count)
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { return false }
        if count > 0, !connection.isLast {
            connection.splitter.add(buffer[..<count])
            while !connection.isLast, let command = connection.splitter.next() {
                switch connection.conversation.reply(to: command) {
                case .bytes(let bytes): connection.output += bytes
                case .last(let bytes):
                    connection.output += bytes
                    connection.isLast = true
                }
            }
            if connection.splitter.isInvalid { return false }
        }
        if connection.output.isEmpty, let bytes = connection.conversation.unsolicited() {
            connection.output = bytes[...]
        }
        guard !connection.output.isEmpty else { return !connection.isLast }
        let sent = connection.output.withUnsafeBytes {
            send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if sent < 0 { return errno == EAGAIN || errno == EINTR }
        connection.output.removeFirst(sent)
        return !(connection.output.isEmpty && connection.isLast)
    }

    private mutating func closeAll() {
        for connection in connections { Glibc.close(connection.descriptor) }
        connections = []
    }

    mutating func end() {
        closeAll()
        Glibc.close(listener)
    }
}
