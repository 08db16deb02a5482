import Glibc
import HyperoSchema

/// The files and the name by which the two ends of a TLS connection verify each other.
///
/// A server must have a valid certificate of its name. No setting turns the verification off: a deployment without an authority
/// names the certificate of the server itself as `cacert`.
struct TLSSettings: Sendable, Hashable {
    /// The absolute path of a file with the certificates of the accepted authorities, or of a folder that `openssl rehash` has
    /// prepared; nil for the authorities of the system.
    var authorities: String?
    /// The absolute path of a file with the client's certificate and those between it and its authority; nil for none.
    var certificate: String?
    /// The absolute path of the file with the key of ``certificate``.
    var key: String?
    /// The name or address that the certificate of each server must have; nil for the host of the server.
    var serverName: String?

    /// The file of the system's authorities, and the folders, separated by colons, if they are not those of OpenSSL.
    private(set) var systemFile: String?
    private(set) var systemFolders: String?

    /// The settings: the name in a URL, the variable, and the property of each.
    private static var all: [(name: String, variable: String, path: WritableKeyPath<TLSSettings, String?>)] {
        [
            ("cacert", "HYPERO_TLS_CACERT", \.authorities), ("cert", "HYPERO_TLS_CERT", \.certificate),
            ("key", "HYPERO_TLS_KEY", \.key), ("server-name", "HYPERO_TLS_SERVER_NAME", \.serverName),
        ]
    }

    init() {}

    /// Parses the part of a URL after the question mark. A setting that it lacks is read from the environment.
    ///
    /// - Parameter environment: returns the value of an environment variable.
    init(query: Substring, environment: (String) -> String?) throws(SchemaError) {
        // OpenSSL would read them at each connection, while another thread may change the environment.
        (systemFile, systemFolders) = (environment("SSL_CERT_FILE"), environment("SSL_CERT_DIR"))
        for part in query.split(separator: "&", omittingEmptySubsequences: true) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let setting = Self.all.first(where: { $0.name == sides[0] }) else {
                throw SchemaError(
                    "unknown parameter in the Redis URL: '\(printable(String(sides[0]), limit: 100))', it must be cacert, cert, key "
                        + "or server-name. A database precedes the question mark, for example rediss://db:6379/1?cacert=/etc/ca.pem"
                )
            }
            guard self[keyPath: setting.path] == nil else {
                throw SchemaError("\(setting.name)= in the Redis URL must be given once")
            }
            let value = sides.count == 2 ? try RedisURL.percentDecoded(sides[1]) : ""
            try set(setting.path, to: value, as: "\(setting.name)= in the Redis URL")
        }
        for setting in Self.all where self[keyPath: setting.path] == nil {
            guard let value = environment(setting.variable) else { continue }
            try set(setting.path, to: value, as: setting.variable)
        }
        guard (certificate == nil) == (key == nil) else {
            let (given, other) = key == nil ? ("cert", "key") : ("key", "cert")
            throw SchemaError(
                "\(given)= in the Redis URL needs \(other)= too: a client has a certificate and its key, also by HYPERO_TLS_CERT and "
                    + "HYPERO_TLS_KEY")
        }
    }

    private mutating func set(
        _ path: WritableKeyPath<TLSSettings, String?>, to value: String, as origin: String
    ) throws(SchemaError) {
        if path == \.serverName {
            guard RedisURL.isHost(value) else {
                throw SchemaError(
                    "\(origin) must be a name or an address, not '\(printable(value, limit: 100))'")
            }
            self[keyPath: path] = value
        } else {
            guard !value.isEmpty, !value.utf8.contains(0) else {
                throw SchemaError("\(origin) must be the path of a file")
            }
            // The process may change its folder.
            self[keyPath: path] = absolutePath(value)
        }
    }

    /// Returns the name of a setting in a URL if a text has the setting.
    static func setting(in query: Substring) -> String? {
        query.split(whereSeparator: { $0 == "&" || $0 == "?" }).lazy.compactMap { part in
            all.first { part.hasPrefix($0.name + "=") }?.name
        }.first
    }

    /// The settings as the part of a URL from the question mark on; empty without settings.
    var query: String {
        let parts = Self.all.compactMap { setting in
            self[keyPath: setting.path].map { "\(setting.name)=\(Self.encoded($0))" }
        }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    /// Percent encodes all bytes but those of usual file names.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let character = UnicodeScalar(byte)
            if byte < 0x80, character.properties.isAlphabetic || "0123456789/._-:".unicodeScalars.contains(character) {
                result.unicodeScalars.append(character)
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

/// Returns a path from the root, because the process may change its folder.
func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path)"
}
