import Foundation
import Glibc
import HyperoRedis

extension RedisServer {
    /// Sends a command as `redis-cli` does: each over a connection of its own. A process per command would take most of the time of
    /// many tests.
    ///
    /// - Parameter arguments: a command, optionally after options of redis-cli, which is then run.
    /// - Returns: the output of redis-cli without surrounding white space. A list has one element per line, and nil is the empty
    ///   text. An error reply is its text; a failed connection is the error message of redis-cli.
    @discardableResult
    package func cli(_ arguments: String...) -> String { cli(arguments) }

    /// Sends a command, like ``cli(_:)-(String...)``.
    @discardableResult
    package func cli(_ arguments: [String]) -> String {
        // With options, and for a command without a reply, redis-cli is needed.
        let isPlain = arguments.first.map { !$0.hasPrefix("-") && $0.uppercased() != "SHUTDOWN" } ?? false
        guard isPlain, let descriptor = SocketAddress.unix(socket).connect() else { return runCLI(arguments) }
        defer { close(descriptor) }
        var writer = RESPWriter(capacity: 256)
        writer.begin(arguments: arguments.count)
        for argument in arguments { writer.add(argument) }
        do throws(TestFailure) {
            let deadline = ContinuousClock.now + .seconds(30)
            let bytes = Array(writer.bytes)
            try Self.send(bytes, to: descriptor, until: deadline)
            return try Self.receive(from: descriptor, until: deadline).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            return "Error: \(error)"
        }
    }

    private static func wait(for events: Int, of descriptor: Int32, until deadline: ContinuousClock.Instant)
        throws(TestFailure)
    {
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while poll(&request, 1, 100) <= 0 {
            guard .now < deadline else { throw TestFailure("no reply within 30 s") }
        }
    }

    private static func send(
        _ bytes: [UInt8], to descriptor: Int32, until deadline: ContinuousClock.Instant
    ) throws(TestFailure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: Int(POLLOUT), of: descriptor, until: deadline)
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno != EAGAIN, errno != EINTR { throw TestFailure(systemCall: "send") }
            sent += max(count, 0)
        }
    }

    private static func receive(
        from descriptor: Int32, until deadline: ContinuousClock.Instant
    ) throws(TestFailure) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            try wait(for: Int(POLLIN), of: descriptor, until: deadline)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { throw TestFailure("Server closed the connection") }
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                throw TestFailure(systemCall: "recv")
            }
            bytes += buffer[..<count]
            var position = 0
            if let text = text(of: bytes, at: &position) { return text }
        }
    }

    /// Returns the text of a reply in RESP, as `redis-cli` prints it to a file; nil if the reply is not complete.
    private static func text(of bytes: [UInt8], at position: inout Int) -> String? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\r")), end + 1 < bytes.count else { return nil }
        let (kind, line) = (bytes[position], String(decoding: bytes[(position + 1)..<end], as: UTF8.self))
        position = end + 2
        guard kind == UInt8(ascii: "$") || kind == UInt8(ascii: "*"), let count = Int(line), count >= 0 else {
            return ["$", "*"].contains(Character(UnicodeScalar(kind))) ? "" : line
        }
        if kind == UInt8(ascii: "*") {
            var elements: [String] = []
            for _ in 0..<count {
                guard let element = text(of: bytes, at: &position) else { return nil }
                elements.append(element)
            }
            return elements.joined(separator: "\n")
        }
        guard position + count + 2 <= bytes.count else { return nil }
        defer { position += count + 2 }
        return String(decoding: bytes[position..<(position + count)], as: UTF8.self)
    }

    private func runCLI(_ arguments: [String]) -> String {
        do {
            let outcome = try ChildProcess.run("redis-cli", ["-s", socket] + arguments, within: .seconds(30))
            let text = outcome.succeeded ? outcome.stdout : outcome.stdout + outcome.stderr
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            return "\(error)"
        }
    }
}
