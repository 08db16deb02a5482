import CHiredis
import Glibc
import HyperoCore
import HyperoSchema

/// One connection to Redis: it owns hiredis' context and is used by one thread.
///
/// After an error of class ``RedisError/Category/connection`` it must not be used again: a late reply would answer the next
/// command. Make a new one.
package struct RedisConnection: ~Copyable {
    private let owner: HiredisContext
    private var replies = ReplyBuffer()
    /// Buffers of earlier replies that somebody retained, at most ``maxRetained``.
    private var retained: [ReplyBuffer] = []
    private static let maxRetained = 4
    /// Takes what is read, on its way to hiredis.
    private let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 64)
    private let url: RedisURL
    private let timeout: Duration
    /// Commands whose replies were not taken yet. While there are any, the next reply is not the next command's.
    package private(set) var pendingReplies = 0
    private let shouldContinue: () -> Bool
    private let blocking: (() -> Void) -> Void

    /// How often `shouldContinue` is called.
    private static let pollInterval: Duration = .milliseconds(5)

    /// Connects, authenticates, selects the database and says the client's name.
    ///
    /// The name is looked up by the system's resolver, which has no time limit of its own; all else keeps the timeout.
    ///
    /// - Parameters:
    ///   - name: what `CLIENT LIST` shows, without spaces.
    ///   - timeout: for connecting, and how long sending and receiving may stand still.
    ///   - shouldContinue: called about every 5 ms of waiting; false gives up.
    ///   - blocking: runs what it is given, a system call that may block.
    package static func open(
        to url: RedisURL, name: String, timeout: Duration = .seconds(5),
        shouldContinue: @escaping () -> Bool = { true },
        blocking: @escaping (() -> Void) -> Void = { $0() }
    ) throws(RedisError) -> RedisConnection {
        var made: UnsafeMutablePointer<redisContext>?
        // The resolver.
        blocking {
            made =
                switch url.address {
                case .tcp(let host, let port): redisConnectNonBlock(host, Int32(port))
                case .unix(let path): redisConnectUnixNonBlock(path)
                }
        }
        guard let made else { throw RedisError(.connection, "no memory for a connection to \(url)") }
        var connection = RedisConnection(
            owner: HiredisContext(pointer: made), url: url, timeout: timeout, shouldContinue: shouldContinue,
            blocking: blocking)
        try connection.finishConnecting()
        try connection.authenticate(as: name)
        return connection
    }

    private init(
        owner: consuming HiredisContext, url: RedisURL, timeout: Duration, shouldContinue: @escaping () -> Bool,
        blocking: @escaping (() -> Void) -> Void
    ) {
        self.owner = owner
        self.url = url
        self.timeout = timeout
        self.shouldContinue = shouldContinue
        self.blocking = blocking
    }

    deinit {
        readBuffer.deallocate()
    }

    private var context: UnsafeMutablePointer<redisContext> { owner.pointer }

    /// Sends the commands. The replies come from ``receive()``, as many as ``RESPWriter/commands``.
    package mutating func send(_ writer: borrowing RESPWriter) throws(RedisError) {
        let bytes = writer.bytes
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        pendingReplies += writer.commands
        let characters = start.assumingMemoryBound(to: CChar.self)
        guard redisAppendFormattedCommand(context, characters, bytes.count) == REDIS_OK else {
            throw failure("cannot send")
        }
        var deadline = MonotonicTime.now + timeout
        while true {
            var isDone: Int32 = 0
            let context = context
            guard withBlocked(signal: SIGPIPE, { redisBufferWrite(context, &isDone) }) == REDIS_OK else {
                throw failure("cannot send")
            }
            guard isDone == 0 else { return }
            try wait(for: POLLOUT, until: deadline)
            // A slow line is no dead one.
            deadline = .now + timeout
        }
    }

    /// Waits for the next reply.
    ///
    /// - Parameters:
    ///   - blockTimeout: waits so much longer than the timeout, as for a command that blocks on purpose.
    ///   - bounds: what is kept of the reply.
    package mutating func receive(
        blockTimeout: Duration = .zero, within bounds: ReplyBounds = .unlimited
    ) throws(RedisError) -> Reply {
        prepareReplies(for: bounds)
        var deadline = MonotonicTime.now + timeout + blockTimeout
        while true {
            var made: UnsafeMutableRawPointer?
            guard redisReaderGetReply(context.pointee.reader, &made) == REDIS_OK else {
                throw RedisError(.connection, "\(url) answered what is not the protocol of Redis")
            }
            if made != nil {
                pendingReplies -= 1
                return Reply(replies)
            }
            if try read() == 0 {
                try wait(for: POLLIN, until: deadline)
            } else {
                deadline = max(deadline, .now + timeout)
            }
        }
    }

    /// Hands hiredis' reader what has come, without waiting for it; 128 KiB at most.
    ///
    /// Its own `redisBufferRead` takes 16 KiB at a time, which makes a large reply ten times as many system calls.
    ///
    /// - Returns: how many bytes that was.
    private mutating func read() throws(RedisError) -> Int {
        let count = Glibc.read(context.pointee.fd, readBuffer.baseAddress, readBuffer.count)
        guard count != 0 else {
            throw RedisError(.connection, "cannot read (\(url)): the server closed the connection")
        }
        guard count > 0 else {
            guard errno == EAGAIN || errno == EINTR else {
                throw RedisError(.connection, "cannot read (\(url)): \(String(cString: strerror(errno)))")
            }
            return 0
        }
        guard redisReaderFeed(context.pointee.reader, readBuffer.baseAddress, count) == REDIS_OK else {
            throw RedisError(.connection, "no memory for what \(url) answers")
        }
        return count
    }

    /// Leaves a reply that somebody still holds alone: it keeps its buffer, and the connection takes another, as one that
    /// was retained and is free again. A buffer that has grown spares the next reply as many pages.
    private mutating func prepareReplies(for bounds: ReplyBounds) {
        if !isKnownUniquelyReferenced(&replies) {
            if let free = retained.indices.first(where: { isKnownUniquelyReferenced(&retained[$0]) }) {
                swap(&replies, &retained[free])
            } else {
                if retained.count == Self.maxRetained { retained.removeFirst() }
                retained.append(replies)
                replies = ReplyBuffer()
            }
            replies.attach(to: context.pointee.reader)
        }
        replies.begin(within: bounds)
    }

    /// One command and its reply.
    package mutating func call(_ arguments: String...) throws(RedisError) -> Reply {
        var writer = RESPWriter(capacity: 256)
        writer.begin(arguments: arguments.count)
        for argument in arguments { writer.add(argument) }
        try send(writer)
        return try receive()
    }
}

extension RedisConnection {
    private func finishConnecting() throws(RedisError) {
        guard context.pointee.err == 0 else { throw failure("cannot connect") }
        // A program that the host process starts must not inherit the connection.
        _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
        context.pointee.reader.pointee.fn = ReplyBuffer.functions
        replies.attach(to: context.pointee.reader)
        // hiredis gives its read buffer back when it is empty and larger than this. Its own 16 KiB would have it freed and
        // made again all the time; without a bound, one large value would be kept for ever.
        context.pointee.reader.pointee.maxbuf = 1 << 20
        try wait(for: POLLOUT, until: .now + timeout)
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0, error == 0 else {
            throw RedisError(.connection, "cannot connect to \(url): \(String(cString: strerror(error)))")
        }
        // A peer that vanished without a word is found by the kernel; a unix socket has no such thing.
        if case .tcp = url.address { _ = redisEnableKeepAlive(context) }
    }

    private mutating func authenticate(as name: String) throws(RedisError) {
        var writer = RESPWriter(capacity: 256)
        if let user = url.user {
            // Without a password too: whoever names an account must not silently become the default one.
            writer.command("AUTH", user, url.password ?? "")
        } else if let password = url.password {
            writer.command("AUTH", password)
        }
        if url.database != 0 { writer.command("SELECT", String(url.database)) }
        writer.command("CLIENT", "SETNAME", name)
        try send(writer)
        for _ in 1..<writer.commands {
            var reply = try receive()
            do {
                _ = try reply.string()
            } catch {
                throw loginFailure(error)
            }
        }
        // The name is a courtesy: an account may not be allowed to say it.
        let reply = try receive()
        if let error = reply.error, error.category == .transient || error.code == .noAuthentication {
            throw loginFailure(error)
        }
    }

    /// Whatever a server quotes of AUTH, the password is not repeated.
    private func loginFailure(_ error: RedisError) -> RedisError {
        let quotesPassword = url.password.map { !$0.isEmpty && error.description.contains($0) } ?? false
        let reason = quotesPassword ? "it does not take the password" : error.description
        return RedisError(error.code, "\(url) does not let us in: \(reason)")
    }

    private func wait(for events: Int32, until deadline: MonotonicTime) throws(RedisError) {
        var descriptor = pollfd(fd: context.pointee.fd, events: Int16(events), revents: 0)
        while true {
            let left = deadline - .now
            guard left > .zero else { throw RedisError(.connection, "\(url) did not answer in time") }
            var ready: Int32 = 0
            var error: Int32 = 0
            blocking {
                ready = poll(&descriptor, 1, min(left, Self.pollInterval).pollMilliseconds)
                error = errno
            }
            if ready > 0 { return }
            if ready < 0, error != EINTR {
                throw RedisError(.connection, "cannot wait for \(url): \(String(cString: strerror(error)))")
            }
            guard shouldContinue() else { throw RedisError(.connection, "gave up waiting for \(url)") }
        }
    }

    private func failure(_ what: String) -> RedisError {
        RedisError(.connection, "\(what) (\(url)): \(String(cString: hypero_error_text(context)))")
    }
}

/// hiredis' context, freed with its owner; also when connecting fails half-way.
private struct HiredisContext: ~Copyable {
    let pointer: UnsafeMutablePointer<redisContext>

    deinit {
        redisFree(pointer)
    }
}
