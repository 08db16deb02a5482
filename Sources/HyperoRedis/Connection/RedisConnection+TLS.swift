#if TLS
    import CHiredisSSL
    import Glibc
    import HyperoCore

    extension RedisConnection {
        /// Verifies the server and encrypts the connection, if the URL asks for it. Reads the files of the settings again.
        ///
        /// - Throws: ``RedisError/Code/tls``, or ``RedisError/Code/connection``.
        mutating func encrypt(within limit: Duration) throws(RedisError) {
            guard let settings = url.tls else { return }
            let end = MonotonicTime.now + limit
            let session = TLSSession(
                ssl: try TLSContext.load(settings, blocking: blocking).session(name: url.certificateName))
            switch session.initiate(on: context) {
            case .bytes: break
            case let outcome:
                SSL_free(session.ssl)
                throw handshakeFailure(outcome)
            }
            // hiredis owns it from here on.
            hiredis.session = session
            while true {
                switch session.shakeHands() {
                case .bytes: return
                case .blocked(let events): try waitForHandshake(events, until: end)
                case let outcome: throw handshakeFailure(outcome)
                }
            }
        }

        private func waitForHandshake(_ events: Int32, until end: MonotonicTime) throws(RedisError) {
            do throws(RedisError) {
                try wait(for: events, until: end)
            } catch {
                guard .now >= end else { throw error }
                throw RedisError(
                    .connection, "timed out in the TLS handshake with \(url). \(TLSAdvice.hint)")
            }
        }

        private func handshakeFailure(_ outcome: Transfer) -> RedisError {
            switch outcome {
            case .failed(let failure): RedisError(failure.code, "cannot connect to \(url): \(failure.text(for: url))")
            default:
                RedisError(
                    .connection,
                    "cannot connect to \(url): the server closed the connection in the TLS handshake. \(TLSAdvice.hint). A "
                        + "server that has reached maxclients does the same")
            }
        }
    }
#endif
