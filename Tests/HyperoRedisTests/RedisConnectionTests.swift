import Glibc
import HyperoRedis
import HyperoSchema
import Testing
import TestSupport

struct RedisConnectionTests {
    @Test func `Commands are answered over a unix socket and over TCP`() throws {
        let server = try RedisServer(tcp: true)
        for url in [server.url, try #require(server.tcpURL)] {
            var connection = try RedisConnection.open(to: RedisURL(url), name: "test")
            var reply = try connection.call("PING")
            #expect(try reply.string() == "PONG")
            reply = try connection.call("CLIENT", "GETNAME")
            #expect(try reply.string() == "test")
        }
    }

    @Test func `The database of the URL is selected`() throws {
        let server = try RedisServer()
        do {
            var connection = try RedisConnection.open(to: RedisURL(server.url + "?db=3"), name: "test")
            _ = try connection.call("SET", "k", "v")
        }
        #expect(server.cli("-n", "3", "GET", "k") == "v")
        let error = redisError { _ = try RedisConnection.open(to: RedisURL(server.url + "?db=99"), name: "test") }
        #expect(error?.category == .refused)
    }

    @Test func `An account is who the URL says, or is not let in`() throws {
        let server = try RedisServer(configuration: [
            "requirepass \"secret word\"", "user reader on >other ~* +@all", "user open on nopass ~* +@all",
            "user mute on >other ~* -@all",
        ])
        func error(_ account: String, environment: [String: String] = [:]) -> RedisError? {
            redisError {
                let url = try RedisURL("unix://\(account)\(server.socket)", environment: { environment[$0] })
                var connection = try RedisConnection.open(to: url, name: "test")
                var reply = try connection.call("PING")
                _ = try reply.string()
            }
        }
        #expect(error(":secret%20word@") == nil)
        #expect(error("", environment: ["REDISCLI_AUTH": "secret word"]) == nil)
        #expect(error("reader:other@") == nil)
        #expect(error("open@") == nil)
        for account in [
            "", ":wrongpassword@", "reader:wrongpassword@", "reader@", "nobody:wrongpassword@", "mute:other@",
        ] {
            let error = try #require(error(account))
            #expect(error.category == .denied, "\(account): \(error)")
            #expect(!error.description.contains("wrongpassword"))
        }
    }

    @Test func `A server that wants no password, or knows no AUTH, does not make us print ours`() throws {
        for configuration in [[], ["rename-command AUTH \"\""]] {
            let server = try RedisServer(configuration: configuration)
            let url = try RedisURL("unix://:hunter2@\(server.socket)")
            let error = try #require(redisError { _ = try RedisConnection.open(to: url, name: "test") })
            #expect(error.category == (configuration.isEmpty ? .denied : .refused))
            #expect(!error.description.contains("hunter2"), "\(error)")
        }
    }

    @Test func `An account that may not say its name is let in all the same`() throws {
        let server = try RedisServer(configuration: ["user writer on >pass ~* -@all +auth +ping"])
        var connection = try RedisConnection.open(to: RedisURL("unix://writer:pass@\(server.socket)"), name: "test")
        var reply = try connection.call("PING")
        #expect(try reply.string() == "PONG")
        let error = redisError {
            var reply = try connection.call("GET", "k")
            _ = try reply.string()
        }
        #expect(error?.category == .denied)
    }

    @Test func `A value of 20 MB goes there and comes back`() throws {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        let value = String(repeating: "0123456789", count: 2_000_000)
        var reply = try connection.call("SET", "k", value)
        #expect(try reply.string() == "OK")
        reply = try connection.call("GET", "k")
        #expect(try reply.string() == value)
        // And the connection serves small replies as before.
        reply = try connection.call("STRLEN", "k")
        #expect(try reply.integer() == 20_000_000)
    }

    @Test func `A pipeline of 10,000 commands is answered in order, errors in their places`() throws {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        var writer = RESPWriter()
        for number in 0..<10_000 {
            if number % 1_000 == 7 {
                writer.command("NOSUCHCOMMAND")
            } else {
                writer.command("ECHO", String(number) + String(repeating: ".", count: number % 300))
            }
        }
        #expect(writer.commands == 10_000)
        try connection.send(writer)
        for number in 0..<10_000 {
            var reply = try connection.receive()
            if number % 1_000 == 7 {
                #expect(reply.error?.category == .refused)
                #expect(redisError { _ = try reply.string() }?.category == .refused)
            } else {
                #expect(try reply.string() == String(number) + String(repeating: ".", count: number % 300))
            }
        }
        var reply = try connection.call("PING")
        #expect(try reply.string() == "PONG")
    }

    @Test func `A server that stands still breaks the connection after the timeout`() throws {
        let server = try RedisServer()
        var connection = try server.connect(timeout: .milliseconds(50))
        server.suspend()
        defer { server.resume() }
        #expect(redisError { _ = try connection.call("PING") }?.category == .connection)
        // The kernel still takes the connection; nobody greets it.
        #expect(redisError { _ = try server.connect(timeout: .milliseconds(50)) }?.category == .connection)
    }

    @Test func `More than a stopped server's socket holds cannot be sent, and that is found out too`() throws {
        let server = try RedisServer()
        var connection = try server.connect(timeout: .milliseconds(50))
        server.suspend()
        defer { server.resume() }
        let value = String(repeating: "x", count: 30_000_000)
        #expect(redisError { _ = try connection.call("SET", "k", value) }?.category == .connection)
    }

    @Test func `Waiting is given up when the caller says so`() throws {
        let server = try RedisServer()
        nonisolated(unsafe) var goesOn = true
        var connection = try server.connect { goesOn }
        goesOn = false
        // Nothing is pushed, so that the command blocks until somebody gives up.
        let error = redisError { _ = try connection.call("BLPOP", "k", "0") }
        #expect(error?.category == .connection)
        #expect(error?.description.contains("gave up") == true)
    }

    @Test func `A command that blocks on purpose is waited for beyond the timeout`() throws {
        let server = try RedisServer()
        var connection = try server.connect(timeout: .milliseconds(50))
        var writer = RESPWriter()
        writer.command("BLPOP", "k", "0.3")
        try connection.send(writer)
        var reply = try connection.receive(blockTimeout: .seconds(30))
        #expect(reply.isNull)
        #expect(try reply.array() == nil)
    }

    @Test func `A server that is killed while we wait breaks the connection`() throws {
        let server = try RedisServer()
        var isWaiting = false
        var connection = try server.connect {
            if isWaiting { server.kill() }
            return true
        }
        isWaiting = true
        #expect(redisError { _ = try connection.call("BLPOP", "k", "0") }?.category == .connection)
    }

    @Test func `Writing to a closed connection is an error and not the end of the process`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        server.kill()
        var errors = 0
        for _ in 0..<3 where redisError({ _ = try connection.call("PING") })?.category == .connection { errors += 1 }
        #expect(errors == 3)
        var pending = sigset_t()
        sigpending(&pending)
        #expect(sigismember(&pending, SIGPIPE) == 0)
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        #expect(sigismember(&mask, SIGPIPE) == 0)
    }

    @Test func `Nobody there is an error that says where`() throws {
        let folder = try TemporaryFolder()
        for url in ["unix://\(folder.file("none"))", "redis://127.0.0.1:1", "redis://host.invalid"] {
            let error = try #require(redisError { _ = try RedisConnection.open(to: RedisURL(url), name: "test") })
            #expect(error.category == .connection)
            #expect(error.description.contains(try RedisURL(url).description))
        }
    }

    @Test(
        arguments: [
            ("-LOADING Redis is loading the dataset in memory\r\n", .transient),
            ("-ERR max number of clients reached\r\n", .transient),
            ("-DENIED Redis is running in protected mode\r\n", .denied),
            ("+OK\r\n-LOADING Redis is loading\r\n", .transient),
            ("-ERR unknown command 'AUTH', with args: 'x'\r\n", .refused),
            ("+OK\r\n-NOAUTH Authentication required.\r\n", .denied), ("HTTP/1.1 400 Bad Request\r\n\r\n", .connection),
            (":1\r\n", .connection), ("*0\r\n", .connection), ("", .connection), ("+O", .connection),
            ("$5\r\nab", .connection),
            ("$-5\r\n", .connection), ("*-7\r\n", .connection), (":99999999999999999999\r\n", .connection),
            ("\0\0\0\0", .connection),
            ("$99999999999999999999\r\n", .connection), ("*9999999999999\r\n", .connection),
            ("+OK\r\n?\r\n", .connection),
        ] as [(String, RedisError.Category)])
    func `What answers that is not a Redis we may talk to is told apart`(
        answer: String, class: RedisError.Category
    ) throws {
        let server = try ScriptedServer(answer, closes: true)
        let error = try #require(redisError { _ = try server.connect() })
        #expect(error.category == `class`, "\(error)")
        #expect(!error.description.contains("secret"))
    }

    @Test func `Connections are not inherited by programs that are started`() throws {
        let server = try RedisServer(tcp: true)
        let local = try server.connect()
        let remote = try RedisConnection.open(to: RedisURL(server.tcpURL), name: "test")
        let ours = descriptors(connectedTo: server)
        #expect(ours.count == 2)
        for descriptor in ours { #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0) }
        _ = consume local
        _ = consume remote
        #expect(descriptors(connectedTo: server).isEmpty)
    }

    @Test func `Connections that end or fail leave no descriptor behind`() throws {
        let server = try RedisServer(configuration: ["requirepass secret"])
        let nobody = try RedisURL("unix://\(server.folder.file("none"))")
        let wrong = try RedisURL("unix://:wrong@\(server.socket)")
        let right = try RedisURL("unix://:secret@\(server.socket)")
        let before = descriptorCount()
        for _ in 0..<200 {
            #expect(redisError { _ = try RedisConnection.open(to: nobody, name: "test") }?.category == .connection)
            #expect(redisError { _ = try RedisConnection.open(to: wrong, name: "test") }?.category == .denied)
            var connection = try RedisConnection.open(to: right, name: "test")
            _ = try connection.call("PING")
        }
        #expect(descriptors(connectedTo: server).isEmpty)
        // A socket that was never connected shows no trace of whose it is. Other tests open and close theirs meanwhile,
        // so that only the size of the growth tells.
        #expect(descriptorCount() < before + 150)
    }

    /// This process' descriptors whose other end is the server's, which nobody but the test knows.
    private func descriptors(connectedTo server: RedisServer) -> [Int32] {
        (0..<4_096).filter { descriptor in
            var address = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let found = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &size) }
            }
            guard found == 0 else { return false }
            let family = address.ss_family
            return withUnsafeBytes(of: &address) { bytes in
                if family == sa_family_t(AF_UNIX) {
                    return bytes[2..<Int(size)].starts(with: server.socket.utf8)
                }
                let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
                return family == sa_family_t(AF_INET) && port == server.port
            }
        }
    }

    private func descriptorCount() -> Int {
        (0..<4_096).count { fcntl($0, F_GETFD) >= 0 }
    }
}
