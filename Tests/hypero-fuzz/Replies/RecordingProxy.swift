import Foundation
import Glibc
import Synchronization
import TestSupport

/// A proxy that records a conversation with Redis as pairs of a command and its reply.
final class RecordingProxy: Sendable {
    let url: String
    private let folder: TemporaryFolder
    private let exchanges = Mutex<[Exchange]>([])
    private let isStopping = Atomic<Bool>(false)
    private let running = Atomic<Int>(0)

    init(to server: RedisServer) throws {
        folder = try TemporaryFolder()
        url = "unix://\(folder.file("s"))"
        let listener = try SocketAddress.unix(folder.file("s")).listen()
        let target = SocketAddress.unix(server.socket)
        running.add(1, ordering: .relaxed)
        Thread.detachNewThread { [self] in
            while !isStopping.load(ordering: .acquiring) {
                var descriptor = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                poll(&descriptor, 1, 10)
                let client = accept(listener, nil, nil)
                guard client >= 0, let server = target.connect() else { continue }
                running.add(1, ordering: .relaxed)
                Thread.detachNewThread { [self] in
                    transfer(client: client, server: server)
                    running.subtract(1, ordering: .acquiringAndReleasing)
                }
            }
            close(listener)
            running.subtract(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Ends the proxy and returns the conversation of all connections.
    func stop() -> [Exchange] {
        isStopping.store(true, ordering: .releasing)
        while running.load(ordering: .acquiring) > 0 { usleep(1_000) }
        return exchanges.withLock { $0 }
    }

    private func transfer(client: Int32, server: Int32) {
        var (commands, replies) = (RESPSplitter(), RESPSplitter())
        var names: [String] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        func pump(_ source: Int32, _ sink: Int32) -> ArraySlice<UInt8>? {
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { return count < 0 && errno == EAGAIN ? [] : nil }
            var offset = 0
            while offset < count {
                let sent = buffer.withUnsafeBytes {
                    send(sink, $0.baseAddress! + offset, count - offset, Int32(MSG_NOSIGNAL))
                }
                if sent > 0 { offset += sent } else if errno == EAGAIN { usleep(100) } else { return nil }
            }
            return buffer[..<count]
        }
        for descriptor in [client, server] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        while !isStopping.load(ordering: .acquiring) {
            var descriptors = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&descriptors, 2, 10)
            guard let sent = pump(client, server) else { break }
            commands.add(sent)
            while let command = commands.next() { names.append(Exchange.name(of: command)) }
            guard let received = pump(server, client) else { break }
            replies.add(received)
            while let reply = replies.next(), !names.isEmpty {
                let exchange = Exchange(command: names.removeFirst(), reply: Data(reply))
                exchanges.withLock { $0.append(exchange) }
            }
        }
        close(client)
        close(server)
    }
}
