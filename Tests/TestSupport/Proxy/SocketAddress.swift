import Glibc

/// Where a stream socket of this machine listens.
package enum SocketAddress {
    case unix(String)
    case loopback(UInt16)

    /// Opens a socket that takes connections.
    package func listen() throws(TestFailure) -> Int32 {
        let descriptor = try open()
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 128) == 0 else {
            let code = errno
            close(descriptor)
            throw TestFailure("cannot listen on \(self): errno \(code)")
        }
        return descriptor
    }

    /// Begins to connect, without waiting.
    ///
    /// - Returns: the descriptor, or nil when nobody takes the connection.
    package func connect() -> Int32? {
        guard let descriptor = try? open() else { return nil }
        guard withAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private func open() throws(TestFailure) -> Int32 {
        let domain =
            switch self {
            case .unix: AF_UNIX
            case .loopback: AF_INET
            }
        let descriptor = socket(
            domain, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: errno \(errno)") }
        return descriptor
    }

    private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        switch self {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path), "\(path) is too long")
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return Self.rebound(&address, body)
        case .loopback(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return Self.rebound(&address, body)
        }
    }

    private static func rebound<Address>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
