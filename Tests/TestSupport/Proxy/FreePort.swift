import Glibc

/// Loopback ports that nobody listens on.
enum FreePort {
    /// Finds one.
    ///
    /// Below the range from which the kernel takes the ports of outgoing connections (32768 and up), so that none of them
    /// sits on it when a server is started again; and far enough below for a cluster's bus, which is 10000 higher.
    static func find() throws -> UInt16 {
        for _ in 0..<1_000 {
            let candidate = UInt16.random(in: 16_384..<22_768)
            guard let descriptor = try? SocketAddress.loopback(candidate).listen() else { continue }
            close(descriptor)
            return candidate
        }
        throw TestFailure("no free loopback port between 16384 and 22767")
    }
}
