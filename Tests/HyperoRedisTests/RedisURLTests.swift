import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

struct RedisURLTests {
    private func url(_ text: String?, environment: [String: String] = [:]) throws(SchemaError) -> RedisURL {
        try RedisURL(text, environment: { environment[$0] })
    }

    @Test(arguments: [
        ("redis://localhost", "redis://localhost:6379"),
        ("redis://10.0.0.1:7000/3", "redis://10.0.0.1:7000/3"),
        ("redis://h/0", "redis://h:6379"), ("redis://h/", "redis://h:6379"),
        ("redis://h:65535", "redis://h:65535"), ("redis://h:1", "redis://h:1"),
        ("redis://[::1]", "redis://[::1]:6379"), ("redis://[fe80::1]:7000/2", "redis://[fe80::1]:7000/2"),
        ("redis://:secret@h", "redis://h:6379"), ("redis://user:secret@h", "redis://user@h:6379"),
        ("redis://secret@h", "redis://***@h:6379"), ("redis://user:@h", "redis://user@h:6379"),
        ("redis://us%40er:se%2Fcr%3Aet@h", "redis://us@er@h:6379"), ("redis://a:secret@b:secret@h", "redis://a@h:6379"),
        ("redis://us%0Aer:x@h", "redis://us\u{FFFD}er@h:6379"), ("redis://user:sécret@h", "redis://user@h:6379"),
        ("redis://a,b:7001,[::1]:7002/3", "redis://a:6379,b:7001,[::1]:7002/3"),
        ("redis://user:a,b@a,b", "redis://user@a:6379,b:6379"),
        ("redis+sentinel://a,b:7001/main", "redis+sentinel://a:26379,b:7001/main"),
        ("redis+sentinel://user:secret@[::1]/my%20main/4", "redis+sentinel://user@[::1]:26379/my main/4"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("unix:///run/redis.sock?db=4", "unix:///run/redis.sock?db=4"),
        ("unix:///a?db=0", "unix:///a"), ("unix:///a?", "unix:///a"),
        ("unix://user:secret@/run/a", "unix://user@/run/a"),
        ("unix:///with%20space%3F", "unix:///with space?"), ("unix:///run/a@b", "unix:///run/a@b"),
        ("unix:///" + String(repeating: "x", count: 106), "unix:///" + String(repeating: "x", count: 106)),
    ])
    func `A valid URL is parsed, and described without its password`(text: String, description: String) throws {
        let url = try url(text)
        #expect(url.description == description)
        for text in ["\(url)", String(describing: url), String(reflecting: url), dumped(url), "\([url])"] {
            #expect(!text.contains("cret"))
        }
    }

    @Test(arguments: [
        "", " ", "localhost", "localhost:6379", "http://h", "redis:/h", "redis//h", "redis://", "redis://:6379",
        "redis://@",
        "redis:///0", "redis://h:", "redis://h:0", "redis://h:65536", "redis://h:+80", "redis://h:-1", "redis://h:x",
        "redis://h:99999999999999999999", "redis://h/x", "redis://h/-1", "redis://h/+1", "redis://h/0/0",
        "redis://h/0?x=1",
        "redis://h?db=1", "redis://h#1", "redis://::1", "redis://::1:6379", "redis://[::1", "redis://::1]",
        "redis://[]",
        "redis://a b", "redis://h\n", "redis://h\0", "redis://%68", "redis://u%zz@h", "redis://u%4@h", "redis://u%@h",
        "redis://u%+a@h", "redis://:p%ff@h", "redis://u:p/secret@h", "redis://u:p?secret@h", "rediss://:secret@",
        "rediss://h?x=1", "unix://", "unix://run/redis.sock", "unix://user:secret@relative", "unix:///a?db=x",
        "unix:///a?db=-1", "unix:///a?x=1", "unix:///a%00b", "unix:///" + String(repeating: "x", count: 107),
        "valkey://:secret@h", "redis://u:6379/secret@h",
        "redis://a,", "redis://,a", "redis://a,,b", "redis://a b,c", "redis://a/0,b", "redis://a:x,b",
        "redis://u:secret@a,v:secret@b",
        "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel:///main", "redis+sentinel://a/main/x",
        "redis+sentinel://a/main/1/2", "redis://" + Array(repeating: "h", count: 65).joined(separator: ","),
    ])
    func `An invalid URL is rejected without repeating the password`(text: String) {
        let error = #expect(throws: SchemaError.self) { try url(text) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: [
        "redis://:a@b:/?#% 1@h", "redis://u:p@x/y@h", "redis://u:p/x@h", "redis+sentinel://u:a@b/c@h/main",
    ])
    func `A password that is not encoded is an error which says how to encode it`(text: String) throws {
        let error = #expect(throws: SchemaError.self) { try url(text) }
        #expect(error?.description.contains("%40 for @, %3A for :") == true, "\(String(describing: error))")
    }

    @Test func `Without a URL, the URL is read from the environment`() throws {
        #expect(try url(nil).description == "redis://127.0.0.1:6379")
        #expect(try url(nil, environment: ["HYPERO_REDIS": "unix:///a"]).description == "unix:///a")
        #expect(try url("redis://h", environment: ["HYPERO_REDIS": "unix:///a"]).description == "redis://h:6379")
        let error = #expect(throws: SchemaError.self) { try url(nil, environment: ["HYPERO_REDIS": "nonsense"]) }
        #expect(
            error?.description
                == "HYPERO_REDIS: the Redis URL must start with redis://, redis+sentinel:// or unix://, for example redis://127.0.0.1:6379 or "
                + "unix:///run/redis.sock, not 'nonsense'")
        let secret = #expect(throws: SchemaError.self) { try url("tcp://:secret@h") }
        #expect(secret?.description.contains("secret") == false)
    }

    @Test func `The password is read from the URL, else HYPERO_REDIS_PASSWORD, else REDISCLI_AUTH`() throws {
        // The URLs are compared, because the description does not contain the password.
        let both = ["HYPERO_REDIS_PASSWORD": "one", "REDISCLI_AUTH": "two"]
        #expect(try url("redis://u@h", environment: both) == url("redis://u:one@h"))
        #expect(try url("redis://u@h", environment: ["REDISCLI_AUTH": "two"]) == url("redis://u:two@h"))
        #expect(try url("redis://u:three@h", environment: both) == url("redis://u:three@h"))
        #expect(try url("redis://u:one@h") != url("redis://u:two@h"))
        #expect(try url("unix:///a", environment: both) == url("unix://:one@/a"))
        #expect(try url("redis://h", environment: ["HYPERO_REDIS_PASSWORD": "p%40"]) == url("redis://:p%2540@h"))
    }

    @Test func `The URL of a redirect has the same account, and the same host if the redirect names none`() throws {
        let old = try url("redis://u:p@h:1/2")
        #expect(old.withServer(host: "other", port: 7) == (try url("redis://u:p@other:7/2")))
        #expect(old.withServer(host: "", port: 7) == (try url("redis://u:p@h:7/2")))
        #expect(old.withServer(host: "::1", port: 7) == (try url("redis://u:p@[::1]:7/2")))
        // A unix socket is not a node of a cluster, so its password goes nowhere else.
        #expect(try url("unix://u:p@/a").withServer(host: "other", port: 7) == url("unix://u:p@/a"))
    }

    @Test(arguments: [
        ("redis://a:7000", "redis://a:7000", true), ("redis://a:7000", "redis://a:7001", false),
        ("redis://a,b", "redis://b,c", true), ("redis://a,b", "redis://c", false),
        ("redis://a", "redis://a/1", false), ("redis://u:p@a", "redis://a", true),
        ("redis://a", "redis+sentinel://a:6379/main", false),
        ("redis+sentinel://a,b/main", "redis+sentinel://c,b/main", true),
        ("redis+sentinel://a,b/main", "redis+sentinel://a,b/other", false),
        ("unix:///a", "unix:///a", true), ("unix:///a", "unix:///b", false), ("redis://a", "nonsense#1f", false),
    ])
    func `Two URLs name the same deployment if they have a server in common`(
        text: String, other: String, isSame: Bool
    ) throws {
        #expect(try url(text).sharesServer(with: other) == isSame)
    }

    @Test(arguments: [
        ("a:1,redis://b:2", "host 2 in the Redis URL: 'redis:' must not repeat the scheme"),
        ("a:1;b:2", "host 1 in the Redis URL: 'a:1;b:2', hosts must be separated by commas"),
        ("a:1,", "host 2 in the Redis URL is empty. Remove the comma"), ("a:1,,b", "host 2 in the Redis URL is empty"),
        ("a,b:x,c", "host 2 in the Redis URL: 'b:x', the port"), ("a,::1", "host 2 in the Redis URL: '::1', an IPv6"),
        ("u:secret@a,b:x", "host 2 in the Redis URL: 'b:x', the port"),
    ])
    func `An error of one of several hosts quotes that host`(list: String, message: String) throws {
        for scheme in ["redis://", "redis+sentinel://"] where scheme == "redis://" || !list.contains("/") {
            let text = scheme + list + (scheme == "redis://" ? "" : "/main")
            let error = #expect(throws: SchemaError.self) { try url(text) }
            #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
        }
    }

    @Test func `A long list of servers is stored with whole addresses, and still names the same deployment`() throws {
        let hosts = (1...64).map { "10.0.0.\($0):6379" }
        for (start, end, otherEnd) in [
            ("redis://", "", "/1"), ("redis://", "/3", "/4"), ("redis+sentinel://", "/ma%2Fin%23ff/3", "/ma%2Fin%23ff"),
        ] {
            let long = start + hosts.joined(separator: ",") + end
            let stored = RedisURL.shortened(try url(long).serverURL, to: 340)
            #expect(stored.utf8.count <= 340 && RedisURL.isShortened(stored) && stored.contains("\(hosts[10]),"))
            #expect(try url(start + "x," + hosts[3] + end).sharesServer(with: stored))
            #expect(try url(long).sharesServer(with: stored))
            #expect(try !url(start + "x" + end).sharesServer(with: stored))
            #expect(try !url(start + hosts[3] + otherEnd).sharesServer(with: stored))
            #expect(RedisURL.shortened(try url(long).serverURL, to: 340) == stored)
            let other = start + hosts.dropLast().joined(separator: ",") + end
            #expect(RedisURL.shortened(try url(other).serverURL, to: 340) != stored)
        }
        #expect(RedisURL.shortened("redis://a:1", to: 340) == "redis://a:1")
    }

    @Test func `A description can be parsed again, also with a name that contains separators`() throws {
        for text in [
            "redis+sentinel://a:1/m%2Fa%25b%23c%3Fd%40e/3", "redis+sentinel://a:1,b:2/main", "redis://[::1]:7/2",
        ] {
            #expect(try url(text).description == text)
        }
    }

    @Test(arguments: [
        ("one\t\n", ", which ends with a blank"), (" one", ", which begins with a blank"),
        ("\u{FEFF}one\n", ", which begins with a byte order mark: save the file without it"),
        ("\"one\"\n", ", which is in quotes"), ("\"\n", ""),
    ])
    func `A wrong password in a file is reported with the characters that an editor may have added`(
        content: String, ending: String
    ) throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass one"])
        let file = server.folder.file("password")
        try content.write(toFile: file, atomically: true, encoding: .utf8)
        let location = try url(server.url, environment: ["HYPERO_REDIS_PASSWORD_FILE": file])
        let error = redisError { _ = try RedisConnection.open(to: location, name: "test") }
        #expect(
            error?.description.contains("the file \(file)\(ending). The password of an account needs") == true,
            "\(String(describing: error))")
    }

    @Test func `A wrong password is reported with its origin, and with a blank at an end of it`() throws {
        let server = try RedisServer(configuration: ["requirepass one"])
        let file = server.folder.file("password")
        try "one \n".write(toFile: file, atomically: true, encoding: .utf8)
        let withPassword = server.url.replacing("unix://", with: "unix://:two@")
        for (text, environment, ending) in [
            (server.url, ["HYPERO_REDIS_PASSWORD": "two"], "It was sent the password of HYPERO_REDIS_PASSWORD"),
            (server.url, ["REDISCLI_AUTH": "two"], "It was sent the password of REDISCLI_AUTH"),
            (withPassword, [:], "It was sent the password of the URL"),
            (
                server.url, ["HYPERO_REDIS_PASSWORD_FILE": file],
                "It was sent the password of HYPERO_REDIS_PASSWORD_FILE, the file \(file), which ends with a blank"
            ),
            (server.url, [:], "Set HYPERO_REDIS_PASSWORD"),
        ] {
            let error = redisError {
                _ = try RedisConnection.open(to: url(text, environment: environment), name: "test")
            }
            let advice = ". The password of an account needs its name in the URL, such as redis://user@host"
            #expect(error?.description.hasSuffix(ending + advice) == true, "\(String(describing: error))")
            #expect(error?.description.contains("two") == false)
        }
    }

    @Test func `The password of a variable takes precedence over that of a file, which is read at each connection`()
        throws
    {
        let server = try RedisServer(configuration: ["requirepass one"])
        let file = server.folder.file("password")
        let environment = ["HYPERO_REDIS_PASSWORD_FILE": file, "REDISCLI_AUTH": "other"]
        let location = try url(server.url, environment: environment)
        #expect(!"\(location)".contains(file))
        func login() -> RedisError? { redisError { _ = try RedisConnection.open(to: location, name: "test") } }
        #expect(
            login()?.description
                == "cannot read the password file \(file): No such file or directory. Correct HYPERO_REDIS_PASSWORD_FILE or the file"
        )
        for (content, reason) in [
            ("", "its first line is empty"), ("\n", "its first line is empty"),
            (String(repeating: "x", count: 70_000), "larger than 65535 bytes"),
        ] {
            try content.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(login()?.description.contains(reason) == true)
            #expect(login()?.category == .denied)
        }
        try "one\nsecond line\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(login() == nil)
        _ = server.cli("-a", "one", "CONFIG", "SET", "requirepass", "two")
        #expect(login()?.code == .wrongPassword)
        try "two".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(login() == nil)
        let both = ["HYPERO_REDIS_PASSWORD": "two", "HYPERO_REDIS_PASSWORD_FILE": "/none"]
        let first = try url(server.url, environment: both)
        #expect(redisError { _ = try RedisConnection.open(to: first, name: "test") } == nil)
    }

    private func dumped(_ url: RedisURL) -> String {
        var text = ""
        dump(url, to: &text)
        return text
    }
}
