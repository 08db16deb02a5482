import Glibc
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The discovery of the server of `hypero up`.
struct LocalServerTests {
    /// A unix socket in the place of `hypero up`.
    private final class Socket {
        let folder: TemporaryFolder
        let path: String
        private let descriptor: Int32

        init(listens: Bool) throws {
            folder = try TemporaryFolder()
            for name in ["hypero", "hypero/up"] { mkdir(folder.file(name), 0o700) }
            path = folder.file("hypero/up/redis.sock")
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard bound == 0, !listens || listen(descriptor, 8) == 0 else {
                throw TestFailure("listen: errno \(errno)")
            }
        }

        deinit { close(descriptor) }
    }

    private func url(_ text: String? = nil, in environment: [String: String]) throws(SchemaError) -> RedisURL {
        try RedisURL(text, environment: { environment[$0] })
    }

    @Test func `Without a URL and a variable, the server of hypero up is used if it listens`() throws {
        let socket = try Socket(listens: true)
        let state = ["XDG_STATE_HOME": socket.folder.path]
        #expect(try url(in: state).description == "unix://\(socket.path)")
        #expect(try url("redis://h", in: state).description == "redis://h:6379")
        #expect(try url(in: state.merging(["HYPERO_REDIS": "redis://h"]) { $1 }).description == "redis://h:6379")
    }

    @Test func `Passwords of the environment belong to another server`() throws {
        let socket = try Socket(listens: true)
        let passwords = ["XDG_STATE_HOME": socket.folder.path, "HYPERO_REDIS_PASSWORD": "one", "REDISCLI_AUTH": "two"]
        #expect(try url(in: passwords) == url(in: ["XDG_STATE_HOME": socket.folder.path]))
    }

    @Test func `Only a URL that no user has stated is the default one`() throws {
        let socket = try Socket(listens: true)
        let state = ["XDG_STATE_HOME": socket.folder.path]
        #expect(try url(in: state).isDefault)
        #expect(try url(in: [:]).isDefault)
        #expect(try !url("unix://\(socket.path)", in: state).isDefault)
        #expect(try !url(in: state.merging(["HYPERO_REDIS": "redis://127.0.0.1:6379"]) { $1 }).isDefault)
    }

    @Test func `The place is below the home folder if there is no folder for state`() throws {
        let socket = try Socket(listens: true)
        let home = try TemporaryFolder()
        mkdir(home.file(".local"), 0o700)
        symlink(socket.folder.path, home.file(".local/state"))
        #expect(try url(in: ["HOME": home.path]).description == "unix://\(home.path)/.local/state/hypero/up/redis.sock")
    }

    @Test func `A socket without a listener, a file and a missing or relative folder lead to the default`() throws {
        let socket = try Socket(listens: false)
        let empty = try TemporaryFolder()
        let file = try TemporaryFolder()
        for name in ["hypero", "hypero/up"] { mkdir(file.file(name), 0o700) }
        close(open(file.file("hypero/up/redis.sock"), O_CREAT | O_WRONLY, 0o600))
        let long = "/" + String(repeating: "x", count: 200)
        for state in [socket.folder.path, empty.path, file.path, "relative", long] {
            #expect(try url(in: ["XDG_STATE_HOME": state]).description == "redis://127.0.0.1:6379")
        }
    }

    @Test func `A listener whose queue is full is not waited for`() throws {
        let socket = try Socket(listens: true)
        let state = ["XDG_STATE_HOME": socket.folder.path]
        // The kernel keeps one connection more than the queue's length. None is accepted here.
        for _ in 0..<9 { #expect(try url(in: state).description == "unix://\(socket.path)") }
        _ = try url(in: state)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user"))
    func `The socket of another user is not used`() throws {
        let socket = try Socket(listens: true)
        #expect(lchown(socket.path, 65_534, 65_534) == 0)
        #expect(try url(in: ["XDG_STATE_HOME": socket.folder.path]).description == "redis://127.0.0.1:6379")
    }
}
