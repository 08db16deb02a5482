import HyperoSchema

extension RedisConnection {
    /// The longest wait for the reply to ROLE of a server that has refused the login.
    private static let maxWaitForRole = Duration.seconds(1)

    /// Authenticates, selects the database and sets the name of the client.
    ///
    /// - Parameter isSentinel: true if the server is asked as a sentinel. Else an error says that it is one.
    mutating func authenticate(as name: String, isSentinel: Bool = false) throws(RedisError) {
        do throws(RedisError) {
            try sendLogin(as: name, isSentinel: isSentinel)
        } catch {
            // A sentinel has no database and other accounts, so that it refuses what is meant for a server.
            guard !isSentinel, error.category == .denied || error.code == .other, error.code != .unreadablePassword,
                error.code != .protectedMode, error.code != .tls
            else { throw error }
            let usual = timeout
            timeout = min(timeout, Self.maxWaitForRole)
            defer { timeout = usual }
            let identity = identified(error)
            throw identity.code == .sentinel ? identity : error
        }
    }

    private mutating func sendLogin(as name: String, isSentinel: Bool) throws(RedisError) {
        var writer = RESPWriter(capacity: 256)
        let password = try readPassword()
        if let user = url.user {
            // AUTH is sent even without a password. Otherwise the connection would silently use the default account.
            writer.command("AUTH", user, password ?? "")
        } else if let password {
            writer.command("AUTH", password)
        }
        if url.database != 0 { writer.command("SELECT", String(url.database)) }
        writer.command("CLIENT", "SETNAME", name)
        do throws(RedisError) {
            try send(writer)
        } catch {
            // The server may have sent the reason before it closed the connection.
            throw [.connection, .tls].contains(error.code)
                ? error : loginFailure(error, password: password, isSentinel: isSentinel)
        }
        for _ in 1..<writer.commands {
            var reply = try receive(within: .small)
            do {
                _ = try reply.string()
            } catch {
                throw loginFailure(error, password: password, isSentinel: isSentinel)
            }
        }
        // Without permission for CLIENT SETNAME the connection has no name, which is not an error.
        let reply = try receive(within: .small)
        if let error = reply.error, error.category == .transient || error.deniesEveryCommand {
            throw loginFailure(error, password: password, isSentinel: isSentinel)
        }
    }

    private func readPassword() throws(RedisError) -> String? {
        guard let password = url.password else { return nil }
        return try password.read(blocking: blocking)
    }

    /// Returns the error with the URL and the origin of the password, and without the text of the server's reply if that text
    /// contains the password.
    private func loginFailure(_ error: RedisError, password: String?, isSentinel: Bool) -> RedisError {
        let quotesPassword = password.map { !$0.isEmpty && error.description.contains($0) } ?? false
        let origin = url.password?.origin ?? "the URL"
        let reason =
            switch error.code {
            case .noPasswordConfigured:
                "the server has no password for the default user. Remove the password of \(origin), or name the user that it "
                    + "belongs to in \(isSentinel ? "HYPERO_SENTINEL_USER" : "the URL")"
            case .wrongPassword where url.user != nil && url.password == nil:
                "the user has a password, and none is given. A password without a user is written redis://:password@host"
            case .wrongPassword where password != nil:
                "\(quotesPassword ? "the server rejected the password" : error.sentence). It was sent the password of \(origin)"
                    + Self.remark(about: password ?? "") + namelessUser(isSentinel: isSentinel)
            case .noAuthentication where password == nil:
                "\(error.sentence). Set \(isSentinel ? "HYPERO_SENTINEL_PASSWORD" : "HYPERO_REDIS_PASSWORD")"
                    + namelessUser(isSentinel: isSentinel)
            default: quotesPassword ? "the server rejected the password" : error.description
            }
        // A redirect before the login names a server that no cluster has listed.
        let code = if case .moved = error.code { RedisError.Code.other } else { error.code }
        let action = error.category == .transient ? "use" : "log in to"
        return RedisError(code, "cannot \(action) \(isSentinel ? "the sentinel " : "")\(url): \(reason)")
    }

    /// Returns the advice to name an account, which is often forgotten after the default user was switched off; nothing if the URL
    /// names one.
    private func namelessUser(isSentinel: Bool) -> String {
        guard url.user == nil else { return "" }
        return isSentinel
            ? ". The password of an account needs its name in HYPERO_SENTINEL_USER"
            : ". The password of an account needs its name in the URL, such as redis://user@host"
    }

    /// Returns a remark about characters that are rarely a part of a password: those that an editor or a shell has added.
    private static func remark(about password: String) -> String {
        let blanks: Set<Unicode.Scalar> = [" ", "\t"]
        let scalars = password.unicodeScalars
        guard let first = scalars.first, let last = scalars.last else { return "" }
        if first == "\u{FEFF}" { return ", which begins with a byte order mark: save the file without it" }
        if scalars.count > 1, first == last, first == "\"" || first == "'" { return ", which is in quotes" }
        return switch (blanks.contains(first), blanks.contains(last)) {
        case (false, false): ""
        case (true, false): ", which begins with a blank"
        case (false, true): ", which ends with a blank"
        case (true, true): ", which begins and ends with blanks"
        }
    }
}

extension RedisError {
    /// The description without a full stop at its end.
    fileprivate var sentence: String { description.hasSuffix(".") ? String(description.dropLast()) : description }
}
