import CHiredis
import Glibc
package import HyperoCore
import HyperoSchema

extension RedisConnection {
    /// The time for all steps of a connection and all addresses of a name, or twice the timeout if that is longer.
    private static let maxWait = Duration.seconds(10)

    /// Connects, by TLS if the URL says so, authenticates, selects the database and sets the name of the client.
    ///
    /// A name may have several addresses, of which some are those of replicas or of a host that is down. Each is tried until one can
    /// be used, beginning with the one that the system's resolver recommends.
    ///
    /// Commands: AUTH, if the URL has a user or password; SELECT, if the database is not 0; CLIENT SETNAME. If the server refuses the
    /// login, ROLE, which shows that the server is a sentinel.
    ///
    /// - Parameters:
    ///   - url: the server, the account and the database.
    ///   - name: the name in `CLIENT LIST`, without spaces.
    ///   - timeout: the time limit for connecting, and for sending or receiving without progress. A whole reply may take
    ///     twice as long, and more if it is large (``TransferDeadline``). The host name lookup is not limited: the system's
    ///     resolver has no timeout.
    ///   - connectTimeout: the time limit for connecting to one address of the server, and for the login; nil for `timeout`.
    ///   - deadline: the time at which all addresses of the server have failed, with login and check; nil for ten seconds after the
    ///     lookup, or twice the timeout if that is longer. The addresses share the time.
    ///   - bounds: the limits on the memory of a reply, unless the caller gives others for a command.
    ///   - isSentinel: true if the URL is that of a sentinel, with the account for sentinels.
    ///   - shouldContinue: called about every 5 ms while waiting, and between two reads of a reply. If it returns false, the
    ///     call fails.
    ///   - blocking: runs its argument, a system call that may block.
    ///   - opened: called with the descriptor of the socket, before the connection is established, and with -1 after it was closed
    ///     because the address cannot be used.
    ///   - race: the sockets that find out which of several addresses answer.
    ///   - check: throws if the server of the connection cannot be used. The next address is then tried.
    /// - Throws: category ``RedisError/Category/connection``, or the error reply of the server. No error contains the
    ///   password.
    package static func open(
        to url: RedisURL, name: String, timeout: Duration = .seconds(5), connectTimeout: Duration? = nil,
        deadline: MonotonicTime? = nil, bounds: ReplyBounds = .large, isSentinel: Bool = false,
        shouldContinue: @escaping () -> Bool = { true },
        blocking: @escaping (() -> Void) -> Void = { $0() },
        opened: (CInt) -> Void = { _ in },
        race: RaceSockets = RaceSockets(),
        check: (inout RedisConnection) throws(RedisError) -> Void = { _ in }
    ) throws(RedisError) -> RedisConnection {
        let addresses = try addresses(of: url, blocking: blocking)
        var attempts = ConnectionAttempts(
            addresses, deadline: deadline ?? .now + max(maxWait, timeout * 2), limit: connectTimeout ?? timeout)
        var failure: RedisError?
        while let attempt = attempts.next() {
            do throws(RedisError) {
                var connection = RedisConnection(
                    hiredis: try context(of: attempt.server, url, blocking: blocking, opened: opened), url: url,
                    timeout: attempt.limit,
                    bounds: bounds, shouldContinue: shouldContinue, blocking: blocking)
                connection.end = attempt.end
                try connection.finishConnecting(within: attempt.limit)
                #if TLS
                    try connection.encrypt(within: attempt.limit)
                #endif
                try connection.logIn(as: name, isSentinel: isSentinel)
                connection.timeout = timeout
                connection.peer.addresses = [attempt.server]
                connection.peer.hostName = url.hostName ?? url.tcpHost
                try check(&connection)
                connection.end = nil
                return connection
            } catch {
                opened(-1)
                guard shouldContinue() else { throw error }
                // What a server says is more than that another address has none.
                if failure == nil || failure?.code == .connection || error.code != .connection { failure = error }
                attempts.fail(attempt, error)
                guard attempts.needsRace else { continue }
                attempts.rank(
                    AddressRace.run(
                        attempts.waiting.map { [$0] }, within: attempt.limit, encrypted: url.tls != nil, sockets: race,
                        shouldContinue: shouldContinue, blocking: blocking))
            }
        }
        throw failure ?? RedisError(.connection, "cannot connect to \(url): the name has no address")
    }

    /// Returns the address of a socket, or the numeric addresses of a host.
    static func addresses(
        of url: RedisURL, blocking: (() -> Void) -> Void
    ) throws(RedisError) -> [RedisURL.Address] {
        guard case .tcp(let host, let port) = url.addresses[0] else { return [url.addresses[0]] }
        do throws(HostAddresses.Failure) {
            return try HostAddresses.lookup(host, blocking: blocking).map { .tcp(host: $0, port: port) }
        } catch {
            throw RedisError(.connection, "cannot connect to \(url): \(error.reason)")
        }
    }

    private static func context(
        of address: RedisURL.Address, _ url: RedisURL, blocking: (() -> Void) -> Void, opened: (CInt) -> Void
    ) throws(RedisError) -> HiredisContext {
        guard let context = connect(to: address, blocking: blocking) else {
            throw RedisError(.connection, "cannot connect to \(url): out of memory")
        }
        opened(context.pointee.fd)
        return HiredisContext(pointer: context)
    }

    /// Begins to connect to an address.
    ///
    /// - Parameters:
    ///   - address: a numeric address, or the path of a socket.
    ///   - blocking: runs its argument, a system call that may block. The process may fork meanwhile, so that nothing else runs there: a
    ///     lock of Swift's runtime that a thread has at the fork is locked for ever in the child.
    /// - Returns: nil if there is no memory.
    static func connect(
        to address: RedisURL.Address, blocking: (() -> Void) -> Void
    ) -> UnsafeMutablePointer<redisContext>? {
        var context: UnsafeMutablePointer<redisContext>?
        // Connecting does not block, but creating a socket may.
        blocking {
            context =
                switch address {
                case .tcp(let host, let port): redisConnectNonBlock(host, Int32(port))
                case .unix(let path): redisConnectUnixNonBlock(path)
                }
        }
        guard let context, context.pointee.fd >= 0 else { return context }
        // The notices of the host process must not be written to the connection.
        context.pointee.fd = movedAboveStandardStreams(context.pointee.fd)
        // Child processes of the host process must not inherit the connection.
        _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
        return context
    }

    private func finishConnecting(within limit: Duration) throws(RedisError) {
        guard context.pointee.err == 0 else {
            throw RedisError(.connection, "cannot connect to \(url): \(String(cString: hypero_error_text(context)))")
        }
        try wait(for: POLLOUT, until: .now + limit)
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 { error = errno }
        guard error == 0 else {
            throw RedisError(.connection, "cannot connect to \(url): \(String(cString: strerror(error)))")
        }
    }

    private mutating func logIn(as name: String, isSentinel: Bool) throws(RedisError) {
        // Detects a server that disappeared without closing the connection. Unix sockets have no keep-alive.
        if url.tcpHost != nil { _ = redisEnableKeepAlive(context) }
        do throws(RedisError) {
            try authenticate(as: name, isSentinel: isSentinel)
        } catch {
            throw hasReceived || url.tcpHost == nil || url.tls != nil ? error : error.hintingAtTLS
        }
    }
}
