import HyperoSchema

extension RedisConnection {
    /// Authenticates, selects the database and sets the name of the client.
    mutating func authenticate(as name: String) throws(RedisError) {
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
            throw error.code == .connection ? error : loginFailure(error, password: password)
        }
        for _ in 1..<writer.commands {
            var reply = try receive(within: .small)
            do {
                _ = try reply.string()
            } catch {
                throw loginFailure(error, password: password)
            }
        }
        // Without permission for CLIENT SETNAME the connection has no name, which is not an error.
        let reply = try receive(within: .small)
        if let error = reply.error, error.category == .transient || error.deniesEveryCommand {
            throw loginFailure(error, password: password)
        }
    }

    private func readPassword() throws(RedisError) -> String? {
        guard let password = url.password else { return nil }
        return try password.read(blocking: blocking)
    }

    /// Returns the error with the URL, and without the text of the server's reply if that text contains the password.
    private func loginFailure(_ error: RedisError, password: String?) -> RedisError {
        let quotesPassword = password.map { !$0.isEmpty && error.description.contains($0) } ?? false
        let reason =
            switch error.code {
            case .noPasswordConfigured:
                "the server has no password for the default user. Remove the password, or name the user that it belongs to"
            case .wrongPassword where url.user != nil && url.password == nil:
                "the user has a password, and none is given. A password without a user is written redis://:password@host"
            default: quotesPassword ? "the server rejected the password" : error.description
            }
        // A redirect before the login names a server that no cluster has listed.
        let code = if case .moved = error.code { RedisError.Code.other } else { error.code }
        let action = error.category == .transient ? "use" : "log in to"
        return RedisError(code, "cannot \(action) \(url): \(reason)")
    }
}
