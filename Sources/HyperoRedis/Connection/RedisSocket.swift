import CHiredis
import Glibc

/// The outcome of one attempt to send or to receive, which never waits.
enum Transfer {
    case bytes(Int)
    /// Nothing yet. The attempt may be repeated after one of these events of `poll(2)`.
    case blocked(on: Int32)
    /// The server has closed the connection.
    case ended
    case failed(TransferFailure)
}

/// The reason for which a connection cannot be used any more.
struct TransferFailure {
    enum Reason {
        case system(CInt)
        #if TLS
            /// The number with which OpenSSL has refused the certificate of the server.
            case certificate(Int)
            case openSSL(OpenSSLError)
        #endif
    }

    let code: RedisError.Code
    let reason: Reason

    init(code: RedisError.Code, reason: Reason) {
        (self.code, self.reason) = (code, reason)
    }

    init(errno: CInt) {
        self.init(code: .connection, reason: .system(errno))
    }

    /// Returns the words of the reason, with advice for the settings of the URL.
    func text(for url: RedisURL) -> String {
        switch reason {
        case .system(let code): String(cString: strerror(code))
        #if TLS
            case .certificate(let result): Self.advice(for: url).text(ofCertificate: result)
            case .openSSL(let error): Self.advice(for: url).text(of: error)
        #endif
        }
    }

    #if TLS
        private static func advice(for url: RedisURL) -> TLSAdvice {
            TLSAdvice(url.tls ?? TLSSettings(), name: url.certificateName)
        }
    #endif
}

/// The socket of a connection, and its TLS session if it has one. ``HiredisContext`` owns both.
struct RedisSocket {
    let descriptor: Int32
    #if TLS
        let session: TLSSession?
    #endif

    /// True if a part that was sent does not mean that the socket is full.
    var sendsRecords: Bool {
        #if TLS
            session != nil
        #else
            false
        #endif
    }

    /// Sends as many bytes as the socket accepts.
    ///
    /// hiredis would copy all bytes, move the rest after each part, and raise SIGPIPE.
    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        #if TLS
            if let session { return session.send(bytes) }
        #endif
        let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .bytes(count) : Self.outcome(errno, blockedOn: POLLOUT)
    }

    /// Receives at most as many bytes as fit.
    func receive(into memory: UnsafeMutableRawPointer, size: Int) -> Transfer {
        #if TLS
            if let session { return session.receive(into: memory, size: size) }
        #endif
        let count = Glibc.read(descriptor, memory, size)
        if count == 0 { return .ended }
        return count > 0 ? .bytes(count) : Self.outcome(errno, blockedOn: POLLIN)
    }

    private static func outcome(_ code: CInt, blockedOn events: Int32) -> Transfer {
        code == EAGAIN || code == EINTR ? .blocked(on: events) : .failed(TransferFailure(errno: code))
    }
}
