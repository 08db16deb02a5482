import Glibc
import HyperoSchema

extension RedisURL {
    /// Warnings about the files of passwords and of TLS that every user of this machine can read or change.
    ///
    /// A key that others can read is the account of its user, and an authority that others can change is the trust in the servers.
    package var fileWarnings: [String] {
        var warnings: [String] = []
        for password in [password, sentinel?.password] {
            guard case .file(let path, let variable) = password,
                let warning = Self.warning(about: "password file", path, permitted: 0)
            else { continue }
            warnings.append("\(variable): \(warning)")
        }
        if let key = tls?.key, let warning = Self.warning(about: "key of TLS", key, permitted: 0) {
            warnings.append(warning)
        }
        for path in [tls?.authorities, tls?.certificate] {
            let object = path == tls?.certificate ? "certificate of TLS" : "authorities of TLS"
            guard let path, let warning = Self.warning(about: object, path, permitted: 0o004) else { continue }
            warnings.append(warning)
        }
        return warnings
    }

    /// Returns a warning about a file, or a folder, that every user can read or change. Files under /run, such as the secrets of a
    /// container, are in folders that protect them.
    ///
    /// - Parameter permitted: the permissions that every user may have.
    private static func warning(about object: String, _ path: String, permitted: mode_t) -> String? {
        var status = stat()
        guard !path.hasPrefix("/run/"), stat(path, &status) == 0,
            [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
        else { return nil }
        guard status.st_mode & 0o006 & ~permitted != 0 else { return nil }
        let verb = status.st_mode & 0o002 != 0 ? "change" : "read"
        let mode = permitted == 0 ? "600" : "o-w"
        return "every user can \(verb) the \(object) \(printable(path, limit: 200)). Run chmod \(mode) on it"
    }
}
