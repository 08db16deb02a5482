#if TLS
    import CHiredis
    import CHiredisSSL
    import Glibc
    import HyperoCore

    /// The TLS session of a connection, which the context of hiredis owns.
    ///
    /// The bytes go through OpenSSL's functions and not through those of hiredis: `redisBufferWrite` copies all bytes and moves the rest
    /// after each part, and neither it nor `redisBufferRead` returns the reason of an error.
    struct TLSSession {
        let ssl: OpaquePointer

        /// Gives the session to a context of hiredis, and sends the first message.
        ///
        /// - Returns: no bytes, or the reason of a failure. The session is then still the caller's.
        func initiate(on context: UnsafeMutablePointer<redisContext>) -> Transfer {
            withBlocked(signal: SIGPIPE) {
                ERR_clear_error()
                errno = 0
                guard redisInitiateSSL(context, ssl) != REDIS_OK else { return .bytes(0) }
                let code = errno
                guard ERR_peek_error() == 0 else { return failure }
                return code == 0 ? .ended : .failed(TransferFailure(errno: code))
            }
        }

        /// Continues the handshake.
        ///
        /// - Returns: no bytes at the end of the handshake.
        func shakeHands() -> Transfer { transfer { _ in SSL_do_handshake(ssl) } }

        func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
            transfer { SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &$0) }
        }

        /// Receives decrypted bytes. OpenSSL may have more of them although the socket has none, so that a caller calls this until it
        /// is blocked before it waits for the socket.
        func receive(into memory: UnsafeMutableRawPointer, size: Int) -> Transfer {
            transfer { SSL_read_ex(ssl, memory, size, &$0) }
        }

        /// Calls a function of OpenSSL, each of which may write to the socket: with write(2), so that a server that is gone would end
        /// the process by SIGPIPE.
        private func transfer(_ call: (inout Int) -> CInt) -> Transfer {
            withBlocked(signal: SIGPIPE) {
                ERR_clear_error()
                errno = 0
                var count = 0
                let status = call(&count)
                guard status != 1 else { return .bytes(count) }
                return outcome(of: SSL_get_error(ssl, status), errno: errno)
            }
        }

        private func outcome(of code: CInt, errno: CInt) -> Transfer {
            switch code {
            case SSL_ERROR_WANT_READ: .blocked(on: POLLIN)
            case SSL_ERROR_WANT_WRITE: .blocked(on: POLLOUT)
            case SSL_ERROR_ZERO_RETURN: .ended
            case SSL_ERROR_SYSCALL where errno == 0 || errno == EAGAIN: .ended
            case SSL_ERROR_SYSCALL: .failed(TransferFailure(errno: errno))
            default: failure
            }
        }

        /// The outcome of an error in the queue of OpenSSL.
        private var failure: Transfer {
            let error = OpenSSLError.first
            defer { ERR_clear_error() }
            // Since OpenSSL 3. A server that is killed ends its connections without the end of TLS.
            if error.isUnexpectedEnd { return .ended }
            let result = SSL_get_verify_result(ssl)
            if error.isVerification, result != Int(X509_V_OK) {
                return .failed(TransferFailure(code: .tls, reason: .certificate(result)))
            }
            return .failed(TransferFailure(code: error.isOfCertificate ? .tls : .connection, reason: .openSSL(error)))
        }
    }
#endif
