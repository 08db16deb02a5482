import Glibc
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The settings of TLS in URLs. The connections by TLS are tested by `Scripts/test-tls`.
struct TLSURLTests {
    private func url(_ text: String, environment: [String: String] = [:]) throws(SchemaError) -> RedisURL {
        try RedisURL(text, environment: { environment[$0] }, hasTLS: true)
    }

    @Test(arguments: [
        ("rediss://h", "rediss://h:6379", "rediss://h:6379"),
        ("rediss://h:6380/1", "rediss://h:6380/1", "rediss://h:6380/1"),
        ("rediss://h?cacert=/a", "rediss://h:6379", "rediss://h:6379?cacert=/a"),
        ("rediss://h/?server-name=db", "rediss://h:6379", "rediss://h:6379?server-name=db"),
        (
            "rediss://a,b:7/2?cert=/c%20d&key=/k%26%3F&cacert=/e%40f", "rediss://a:6379,b:7/2",
            "rediss://a:6379,b:7/2?cacert=/e%40f&cert=/c%20d&key=/k%26%3F"
        ),
        ("rediss://u:secret@h?cacert=/a", "rediss://u@h:6379", "rediss://u@h:6379?cacert=/a"),
        ("rediss://h?cacert=/%C3%A9", "rediss://h:6379", "rediss://h:6379?cacert=/%C3%A9"),
        ("rediss://h?server-name=::1", "rediss://h:6379", "rediss://h:6379?server-name=::1"),
        ("rediss+sentinel://a,b:7/main/2?cacert=/a", "rediss+sentinel://a:26379,b:7/main/2", "?cacert=/a"),
    ])
    func `A URL with TLS is described without its settings, and repeated with them`(
        text: String, description: String, command: String
    ) throws {
        let url = try url(text)
        #expect(url.description == description)
        #expect(url.serverURL == description.replacing("u@", with: ""))
        #expect(url.withoutPassword.hasSuffix(command))
        // Without a password, a user is left out.
        let again = try self.url(url.withoutPassword).withoutPassword
        #expect(again == url.withoutPassword.replacing("u@", with: ""))
    }

    @Test(arguments: [
        ("rediss://h?ca=/a", "unknown parameter in the Redis URL: 'ca', it must be cacert, cert, key or server-name"),
        ("rediss://h?db=1", "unknown parameter in the Redis URL: 'db'"),
        ("rediss://h?cacert=/a&cacert=/b", "cacert= in the Redis URL must be given once"),
        ("rediss://h?cacert=", "cacert= in the Redis URL must be the path of a file"),
        ("rediss://h?cacert", "cacert= in the Redis URL must be the path of a file"),
        ("rediss://h?cacert=/a%00b", "cacert= in the Redis URL must be the path of a file"),
        ("rediss://h?cacert=%zz", "a % in the Redis URL must be followed by two hexadecimal digits"),
        ("rediss://h?cert=/a", "cert= in the Redis URL needs key= too"),
        ("rediss://h?key=/a", "key= in the Redis URL needs cert= too"),
        ("rediss://h?server-name=a/b", "server-name= in the Redis URL must be a name or an address, not 'a/b'"),
        ("redis://h?cacert=/a", "cacert= in the Redis URL needs TLS. Write rediss:// instead of redis://"),
        ("redis://h/0?server-name=a", "server-name= in the Redis URL needs TLS"),
        ("redis+sentinel://h/main?key=/a", "key= in the Redis URL needs TLS"),
        ("rediss://a,rediss://b", "host 2 in the Redis URL: 'rediss:' must not repeat the scheme"),
        ("rediss+sentinel://a", "the URL of sentinels must name the primary"),
    ])
    func `A wrong setting is reported with its name`(text: String, message: String) {
        let error = #expect(throws: SchemaError.self) { try url(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test func `Without TLS in the build, the message names the trait and the tunnel, and no password`() {
        for text in ["rediss://u:secret@h", "rediss+sentinel://u:secret@h/main?cacert=/a"] {
            let error = #expect(throws: SchemaError.self) {
                try RedisURL(text, environment: { _ in nil }, hasTLS: false)
            }
            #expect(
                error?.description
                    == "rediss:// is not supported: this build has no TLS. Build hypero with --traits TLS, which needs libhiredis-dev 1.0 "
                    + "or later, or use redis:// with the address of a TLS tunnel")
        }
    }

    @Test func `Settings that a URL lacks are read from the environment, and paths are absolute`() throws {
        let environment = [
            "HYPERO_TLS_CACERT": "/ca", "HYPERO_TLS_CERT": "cert.pem", "HYPERO_TLS_KEY": "/key",
            "HYPERO_TLS_SERVER_NAME": "db",
        ]
        let text = try url("rediss://h?cacert=/other", environment: environment).withoutPassword
        #expect(text.hasPrefix("rediss://h:6379?cacert=/other&cert=/"))
        #expect(text.hasSuffix("/cert.pem&key=/key&server-name=db"))
        #expect(try url("redis://h", environment: environment).withoutPassword == "redis://h:6379")
        let error = #expect(throws: SchemaError.self) {
            try url("rediss://h", environment: ["HYPERO_TLS_SERVER_NAME": "a b"])
        }
        #expect(error?.description == "HYPERO_TLS_SERVER_NAME must be a name or an address, not 'a b'")
    }

    @Test func `A server is the same with and without TLS, and a redirect keeps the settings`() throws {
        #expect(try url("rediss://a?cacert=/a").sharesServer(with: "redis://a:6379"))
        #expect(try url("redis://a").sharesServer(with: "rediss://b:6379,a:6379"))
        #expect(try url("rediss+sentinel://a,b/main").sharesServer(with: "redis+sentinel://a:26379/main"))
        #expect(try !url("rediss://a").sharesServer(with: "rediss://a:6379/1"))
        let old = try url("rediss://u:p@h:1/2?cacert=/a&server-name=db")
        #expect(old.withServer(host: "other", port: 7) == (try url("rediss://u:p@other:7/2?cacert=/a&server-name=db")))
    }

    @Test func `A password in a URL with TLS is found`() {
        #expect(RedisURL.account(in: "rediss://u:p@h?cacert=/a") == .withPassword)
        #expect(RedisURL.account(in: "rediss+sentinel://:p@h/main") == .withPassword)
        #expect(RedisURL.account(in: "rediss://h?cacert=/a@b") == .none)
    }

    @Test(arguments: [
        (key: mode_t(0o600), authorities: mode_t(0o644), warnings: [String]()),
        (key: 0o644, authorities: 0o644, warnings: ["every user can read the key of TLS KEY. Run chmod 600 on it"]),
        (
            key: 0o640, authorities: 0o646,
            warnings: ["every user can change the authorities of TLS CA. Run chmod o-w on it"]
        ),
    ])
    func `A key that every user can read, and authorities that every user can change, are reported`(
        key: mode_t, authorities: mode_t, warnings: [String]
    ) throws {
        let folder = try TemporaryFolder()
        let files = ["key", "ca", "cert"].map { folder.file($0) }
        for (file, mode) in zip(files, [key, authorities, 0o644]) {
            close(open(file, O_CREAT | O_WRONLY, 0o600))
            chmod(file, mode)
        }
        let url = try RedisURL(
            "rediss://db?cacert=\(files[1])&cert=\(files[2])&key=\(files[0])", environment: { _ in nil }, hasTLS: true)
        // With the space, which no name of a folder has.
        let expected = warnings.map {
            $0.replacing(" KEY", with: " \(files[0])").replacing(" CA", with: " \(files[1])")
        }
        #expect(url.fileWarnings == expected)
    }
}
