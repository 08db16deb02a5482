import HyperoRedis
import Testing

struct RedisErrorTests {
    @Test(
        arguments: [
            ("LOADING Redis is loading the dataset in memory", .transient),
            ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", .transient),
            ("MISCONF Redis is configured to save RDB snapshots", .transient),
            ("NOREPLICAS Not enough good replicas", .elsewhere),
            ("OOM command not allowed when used memory > 'maxmemory'.", .transient),
            ("MASTERDOWN Link with MASTER is down", .elsewhere), ("CLUSTERDOWN The cluster is down", .elsewhere),
            ("TRYAGAIN Multiple keys request during rehashing of slot", .migrating),
            ("UNBLOCKED force unblock from blocking operation", .transient),
            ("ERR max number of clients reached", .transient),
            ("READONLY You can't write against a read only replica.", .elsewhere),
            ("NOAUTH Authentication required.", .denied), ("WRONGPASS invalid username-password pair", .denied),
            ("NOPERM this user has no permissions", .denied), ("ERR invalid password", .denied),
            ("ERR AUTH <password> called without any password configured for the default user.", .denied),
            ("ERR Client sent AUTH, but no password is set", .denied),
            ("DENIED Redis is running in protected mode", .denied),
            ("MOVED 866 127.0.0.1:7002", .moved(host: "127.0.0.1", port: 7002)),
            ("MOVED 866 :7002", .moved(host: "", port: 7002)),
            ("MOVED 866 fe80::1:7002", .moved(host: "fe80::1", port: 7002)),
            ("MOVED 866", .refused), ("MOVED 866 h", .refused), ("MOVED 866 h:", .refused), ("MOVED 866 h:0", .refused),
            ("MOVED 866 h:-1", .refused), ("MOVED 866 h:65536", .refused), ("MOVED 866 h:99999999999", .refused),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", .refused),
            ("ERR syntax error", .refused),
            ("EXECABORT Transaction discarded because of previous errors.", .refused),
            ("EXECABORT Transaction discarded because of: BUSY Redis is busy running a script.", .transient),
            ("EXECABORT Transaction discarded because of: ", .refused), ("EXECABORT", .refused),
            ("BUSYGROUP exists", .refused),
            ("LOADINGX", .refused), ("", .refused), (" ", .refused), ("-", .refused),
            ("CROSSSLOT Keys in request don't hash to the same slot", .refused),
        ] as [(String, RedisError.Category)])
    func `The category of an error reply is derived from its text`(reply: String, category: RedisError.Category) {
        let error = RedisError(reply: reply)
        #expect(error.category == category)
        #expect(error.description == reply)
    }

    @Test(arguments: [
        ("ASK 866 host.example:7002", "host.example:7002"), ("ASK 866 :7002", "another server"),
        ("ASK 866 a\u{1B}b:7002", "a\u{FFFD}b:7002"),
    ])
    func `A redirect of a migrating slot is described in words`(reply: String, server: String) {
        let error = RedisError(reply: reply)
        #expect(error.category == .migrating)
        #expect(error.description == "the hash slot 866 of the keys migrates to \(server)")
    }

    @Test func `The text of an error is printable and limited in length`() {
        #expect(RedisError(reply: "ERR a\r\nb\u{1B}").description == "ERR a\u{FFFD}\u{FFFD}b\u{FFFD}")
        #expect(RedisError(reply: "ERR " + String(repeating: "x", count: 100_000)).description.utf8.count < 310)
    }

    @Test func `The error for an unknown command does not contain the arguments, which may be a password`() {
        let error = RedisError(reply: "ERR unknown command 'AUTH', with args beginning with: 'user' 'secret' ")
        #expect(error.description == "ERR unknown command 'AUTH'")
    }
}
