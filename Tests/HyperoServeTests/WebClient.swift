import Foundation
import TestSupport

/// A connection to a server of pages, as bytes.
final class WebClient {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false

    init(port: Int) throws {
        guard let descriptor = SocketAddress.loopback(UInt16(port)).connect() else {
            throw TestFailure(systemCall: "connect")
        }
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    /// The bytes that have arrived, as text.
    var text: String {
        read()
        return String(decoding: received, as: UTF8.self)
    }

    /// Sends bytes as they are, unless the server has closed the connection.
    func send(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno != EAGAIN, errno != EINTR, errno != ENOTCONN { return }
            rest = rest.dropFirst(max(count, 0))
            guard count < 0 else { continue }
            var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&polled, 1, -1)
        }
    }

    func send(_ text: String) { send(text.utf8) }

    /// Sends a request of a browser.
    func get(_ uri: String, _ headers: [String] = [], method: String = "GET", host: String = "localhost") {
        let lines = ["\(method) \(uri) HTTP/1.1", "Host: \(host)"] + headers + ["", ""]
        send(lines.joined(separator: "\r\n"))
    }

    /// Waits until the server has closed the connection.
    func waitForEnd() -> Bool {
        eventually {
            read()
            return isClosed
        }
    }

    /// Waits until a text has arrived.
    func wait(for text: String) -> Bool {
        eventually { self.text.contains(text) || isClosed } && self.text.contains(text)
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while !isClosed {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, [EAGAIN, EINTR, ENOTCONN].contains(errno) { return }
            guard count > 0 else {
                isClosed = true
                return
            }
            received += buffer[..<count]
        }
    }

    /// Sends one request, and returns the status and the whole response when the server has closed the connection.
    static func get(
        _ uri: String, _ headers: [String] = [], method: String = "GET", host: String = "localhost", port: Int
    ) throws -> (status: Int?, text: String) {
        let client = try WebClient(port: port)
        client.get(uri, headers + ["Connection: close"], method: method, host: host)
        guard client.waitForEnd() else { throw TestFailure("no end of the response to \(uri): \(client.text)") }
        return (Int(client.text.dropFirst(9).prefix(3)), client.text)
    }
}
