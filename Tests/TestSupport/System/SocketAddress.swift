import Glibc

/// The local address of a stream socket.
package enum SocketAddress {
    /// The path of a unix socket.
    case unix(String)
    /// A TCP port of 127.0.0.1.
    case loopback(UInt16)

    /// Opens a non-blocking socket that accepts connections.
    package func listen() throws(TestFailure) -> Int32 {
        let descriptor = try open()
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 128) == 0 else {
            let failure = TestFailure(systemCall: "bind or listen on \(self)")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    /// Starts to connect, without waiting for the connection.
    ///
    /// - Returns: the non-blocking descriptor, or nil if the connection is refused.
    package func connect() -> Int32? {
        guard let descriptor = try? open() else { return nil }
        guard withAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Returns a loopback port on which no process listens, and that no other call of any process of tests returns until this one
    /// ends.
    ///
    /// The port is below the kernel's range for outgoing connections (32768 and higher), so that no outgoing connection
    /// occupies the port when a server is restarted. The port is also low enough for the bus port of a cluster node,
    /// which is 10000 higher.
    package static func freePort() throws -> UInt16 {
        for _ in 0..<1_000 {
            let candidate = UInt16.random(in: 16_384..<22_768)
            guard reserve(candidate) else { continue }
            guard let descriptor = try? SocketAddress.loopback(candidate).listen() else { continue }
            close(descriptor)
            return candidate
        }
        throw TestFailure("no free loopback port between 16384 and 22767")
    }

    /// Reserves a port among all processes of tests until this one ends: by the name of a socket that has no file, which only one
    /// process can have and which the kernel removes with it. The socket is never closed.
    private static func reserve(_ port: UInt16) -> Bool {
        guard let descriptor = try? SocketAddress.unix("").open() else { return false }
        let isReserved = SocketAddress.unix("\0hypero-test-port-\(port)").withAddress { bind(descriptor, $0, $1) } == 0
        if !isReserved { close(descriptor) }
        return isReserved
    }

    private func open() throws(TestFailure) -> Int32 {
        let domain =
            switch self {
            case .unix: AF_UNIX
            case .loopback: AF_INET
            }
        let descriptor = socket(
            domain, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure(systemCall: "socket") }
        return descriptor
    }

    private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        switch self {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path), "\(path) is too long")
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return Self.withSockaddr(of: &address, body)
        case .loopback(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return Self.withSockaddr(of: &address, body)
        }
    }

    private static func withSockaddr<Address>(
        of address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
