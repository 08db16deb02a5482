#if TLS
    import Foundation
    import Glibc
    import Synchronization
    import TestSupport

    /// A proxy that changes one bit of some of the pieces of data that pass it, in both directions.
    final class FlippingProxy: Sendable {
        let port: UInt16
        private let listener: CInt
        private let hasEnded = Atomic<Bool>(false)

        init(to target: UInt16) throws {
            port = try SocketAddress.freePort()
            listener = try SocketAddress.loopback(port).listen()
            let thread = Thread { [self] in run(target) }
            thread.start()
        }

        deinit {
            close(listener)
        }

        private func run(_ target: UInt16) {
            var random = SystemRandomNumberGenerator()
            var pairs: [CInt: CInt] = [:]
            while true {
                var polled = ([listener] + pairs.keys).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                guard poll(&polled, nfds_t(polled.count), 100) >= 0 else { return }
                for entry in polled where entry.revents != 0 {
                    if entry.fd == listener {
                        let client = accept(listener, nil, nil)
                        guard client >= 0, let server = SocketAddress.loopback(target).connect() else { continue }
                        (pairs[client], pairs[server]) = (server, client)
                    } else if let other = pairs[entry.fd], !relay(from: entry.fd, to: other, &random) {
                        for descriptor in [entry.fd, other] {
                            pairs[descriptor] = nil
                            close(descriptor)
                        }
                    }
                }
            }
        }

        private func relay(from: CInt, to: CInt, _ random: inout SystemRandomNumberGenerator) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(from, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return count < 0 && errno == EAGAIN }
            if Int.random(in: 0..<12, using: &random) == 0 {
                buffer[Int.random(in: 0..<count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            return send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count
        }
    }
#endif
