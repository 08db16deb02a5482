import CHiredis
import Glibc
import HyperoCore
import HyperoSchema

/// A connection to Redis, for use by one thread.
///
///     var connection = try RedisConnection.open(to: url, name: "hypero-query")
///     try connection.send(writer)
///     for _ in 0..<writer.commands {
///         var reply = try connection.receive()
///         …
///     }
///
/// After an error of ``send(_:)`` or ``receive(blockTimeout:within:)``, close the connection and open a new one. All later
/// calls throw a connection error: the rest of the reply would be read as the reply to the next command.
package struct RedisConnection: ~Copyable {
    var hiredis: HiredisContext
    private var parser = ReplyParser()
    private var replies = ReplyBuffer()
    /// Buffers of earlier replies that a caller held when the next reply was read, at most ``maxRetained``.
    private var retained: [ReplyBuffer] = []
    private static let maxRetained = 4
    /// The server, the account and the database.
    package let url: RedisURL
    /// The URL with the address of the server in place of a name, for a further connection to the same server: a name may have the
    /// addresses of several.
    package internal(set) var peer: RedisURL
    /// The time limit for sending or receiving without progress.
    var timeout: Duration
    /// The time at which all waits end while the connection is opened.
    var end: MonotonicTime?
    /// True if the server is known to be no replica. Only such a server decides that an event is durable.
    package var isPrimary = false
    /// The bounds of a reply whose receiver gives none.
    private let defaultBounds: ReplyBounds
    /// The number of commands sent whose replies have not been received. While it is above 0, the next reply belongs to
    /// an earlier command.
    package private(set) var pendingReplies = 0
    /// The error of later calls; nil if the connection can be used. Of category ``RedisError/Category/connection``, although
    /// the first error may be one that the server has sent before it closed the connection.
    private var failure: RedisError?
    /// True once a reply was received.
    private(set) var hasReceived = false
    private let shouldContinue: () -> Bool
    let blocking: (() -> Void) -> Void

    /// The time between two calls of `shouldContinue`.
    private static let pollInterval: Duration = .milliseconds(5)

    init(
        hiredis: consuming HiredisContext, url: RedisURL, timeout: Duration, bounds: ReplyBounds,
        shouldContinue: @escaping () -> Bool, blocking: @escaping (() -> Void) -> Void
    ) {
        self.hiredis = hiredis
        self.url = url
        peer = url
        self.timeout = timeout
        defaultBounds = bounds
        self.shouldContinue = shouldContinue
        self.blocking = blocking
    }

    var context: UnsafeMutablePointer<redisContext> { hiredis.pointer }

    /// Sends the commands. Call ``receive(blockTimeout:within:)`` once for each of the ``RESPWriter/commands``.
    ///
    /// - Throws: category ``RedisError/Category/connection``, also if the server accepts no bytes for the timeout. If the
    ///   server has closed the connection with an error reply, such as the one for too many clients, that error.
    package mutating func send(_ writer: borrowing RESPWriter) throws(RedisError) {
        if let failure { throw failure }
        do throws(RedisError) {
            try write(writer)
        } catch {
            failure = RedisError(.connection, error.description)
            throw error
        }
    }

    private mutating func write(_ writer: borrowing RESPWriter) throws(RedisError) {
        var rest = writer.bytes[...]
        guard !rest.isEmpty else { return }
        let hasPendingReplies = pendingReplies > 0
        pendingReplies += writer.commands
        var deadline = TransferDeadline(timeout: timeout, start: .now)
        while true {
            let bytes = UnsafeRawBufferPointer(rebasing: rest)
            let socket = hiredis.socket
            var events: Int32? = POLLOUT
            switch socket.send(bytes) {
            case .bytes(let count):
                rest = rest.dropFirst(count)
                // TLS sends a record of at most 16 KiB each time. Without TLS, the socket is full.
                if socket.sendsRecords { events = nil }
            case .blocked(let blocking): events = blocking
            case .ended: throw failureOfSend(TransferFailure(errno: EPIPE), hasPendingReplies: hasPendingReplies)
            case .failed(let failure): throw failureOfSend(failure, hasPendingReplies: hasPendingReplies)
            }
            guard !rest.isEmpty else { return }
            guard shouldContinue() else { throw cancellation }
            if let events { try wait(for: events, until: deadline.time) }
            // The socket accepts at least this much when it is ready again.
            deadline.progressed(by: 1 << 10, at: .now)
        }
    }

    /// Returns the error of a failed send. The server may have sent the reason before it closed the connection.
    private mutating func failureOfSend(_ cause: TransferFailure, hasPendingReplies: Bool) -> RedisError {
        let failure = RedisError(cause.code, "cannot send to \(url): \(cause.text(for: url))")
        // Otherwise the next reply belongs to an earlier command.
        guard !hasPendingReplies else { return failure }
        prepareBuffer(for: .small)
        while let isComplete = try? parser.parse(into: replies) {
            if isComplete {
                guard let error = Reply(replies).error else { break }
                return error
            }
            do throws(RedisError) {
                guard case .bytes = try read() else { break }
            } catch {
                // The reason for which TLS has ended.
                return error.code == .tls ? error : failure
            }
        }
        return failure
    }

    /// Waits for the next reply and returns it. An error reply is returned too: the methods of ``Reply`` throw the
    /// error.
    ///
    /// - Parameters:
    ///   - blockTimeout: the time for which a command such as XREAD BLOCK may block on the server. Added to the timeout
    ///     of the connection.
    ///   - bounds: limits on the memory of the reply; nil for those of the connection.
    /// - Throws: category ``RedisError/Category/connection``, also if no bytes are received for the timeout, if the whole
    ///   reply takes too long, and if the bounds reject it.
    package mutating func receive(
        blockTimeout: Duration = .zero, within bounds: ReplyBounds? = nil
    ) throws(RedisError) -> Reply {
        if let failure { throw failure }
        do throws(RedisError) {
            return try read(within: bounds ?? defaultBounds, blockTimeout: blockTimeout)
        } catch {
            failure = RedisError(.connection, error.description)
            throw error
        }
    }

    /// Receives the replies to commands between MULTI and EXEC: `+QUEUED`, or an error.
    ///
    /// A transaction has thousands of commands, and a ``Reply`` for each would cost more than the command.
    ///
    /// - Returns: the first error; nil if Redis has queued all commands.
    package mutating func receiveQueued(_ count: Int) throws(RedisError) -> RedisError? {
        if let failure { throw failure }
        var firstError: RedisError?
        var remaining = count
        while remaining > 0 {
            let queued = parser.skipReplies(equalTo: "+QUEUED\r\n", atMost: remaining)
            pendingReplies -= queued
            remaining -= queued
            guard remaining > 0 else { break }
            let reply = try receive()
            firstError = firstError ?? reply.error
            remaining -= 1
        }
        return firstError
    }

    private mutating func read(
        within bounds: ReplyBounds, blockTimeout: Duration
    ) throws(RedisError) -> Reply {
        prepareBuffer(for: bounds)
        var deadline: TransferDeadline?
        var hasRead = false
        while true {
            if try parse() {
                pendingReplies -= 1
                hasReceived = true
                return Reply(replies)
            }
            guard !hasRead || shouldContinue() else { throw cancellation }
            let now = MonotonicTime.now
            if deadline == nil { deadline = TransferDeadline(timeout: timeout, start: now + blockTimeout) }
            guard let limit = deadline?.time else { throw timeoutFailure }
            let time = min(limit, end ?? limit)
            guard now < time else { throw timeoutFailure }
            hasRead = false
            switch try read() {
            case .bytes(let count):
                hasRead = true
                deadline?.progressed(by: count, at: now)
            case .blocked(let events): try wait(for: events, until: time)
            }
        }
    }

    private mutating func parse() throws(RedisError) -> Bool {
        do throws(ReplyParser.Failure) {
            return try parser.parse(into: replies)
        } catch {
            throw replyFailure(error)
        }
    }

    private func replyFailure(_ failure: ReplyParser.Failure) -> RedisError {
        switch failure {
        case .invalid: RedisError(.connection, "invalid reply from \(url): not the Redis protocol")
        case .tooLarge:
            RedisError(.connection, "invalid reply from \(url): more than \(replies.bounds.maxTotalBytes) bytes")
        }
    }

    /// Reads at most 128 KiB from the socket into the parser, without waiting.
    ///
    /// Replaces `redisBufferRead`, which reads 16 KiB at a time and needs ten times as many system calls for a large
    /// reply.
    ///
    private mutating func read() throws(RedisError) -> Received {
        let socket = hiredis.socket
        var outcome = Transfer.ended
        do throws(ReplyParser.Failure) {
            _ = try parser.fill { memory, size in
                outcome = socket.receive(into: memory, size: size)
                return if case .bytes(let count) = outcome { count } else { 0 }
            }
        } catch {
            throw replyFailure(error)
        }
        switch outcome {
        case .bytes(let count): return .bytes(count)
        case .blocked(let events): return .blocked(on: events)
        case .ended: throw RedisError(.connection, "cannot read from \(url): the server closed the connection")
        case .failed(let failure):
            throw RedisError(failure.code, "cannot read from \(url): \(failure.text(for: url))")
        }
    }

    /// The outcome of one read that has not failed.
    private enum Received {
        case bytes(Int)
        /// Nothing yet. The next read follows one of these events of `poll(2)`.
        case blocked(on: Int32)
    }

    /// Clears the buffer for the next reply, or replaces it if a caller still holds the latest reply.
    ///
    /// A retained buffer whose reply was released is reused, because its memory has already grown.
    private mutating func prepareBuffer(for bounds: ReplyBounds) {
        if !isKnownUniquelyReferenced(&replies) {
            if let free = retained.indices.first(where: { isKnownUniquelyReferenced(&retained[$0]) }) {
                swap(&replies, &retained[free])
            } else {
                if retained.count == Self.maxRetained { retained.removeFirst() }
                retained.append(replies)
                replies = ReplyBuffer()
            }
        }
        replies.clear(for: bounds)
    }

    /// Sends one command and returns its reply.
    package mutating func call(_ arguments: String...) throws(RedisError) -> Reply {
        var writer = RESPWriter(capacity: 256)
        writer.begin(arguments: arguments.count)
        for argument in arguments { writer.add(argument) }
        try send(writer)
        return try receive()
    }
}

extension RedisConnection {
    /// Waits until the socket is ready for one of the events of `poll(2)`.
    ///
    /// - Throws: category ``RedisError/Category/connection`` at the deadline, or if `shouldContinue` returns false.
    func wait(for events: Int32, until deadline: MonotonicTime) throws(RedisError) {
        var descriptor = pollfd(fd: context.pointee.fd, events: Int16(events), revents: 0)
        let deadline = min(deadline, end ?? deadline)
        while true {
            let remaining = deadline - .now
            guard remaining > .zero else { throw timeoutFailure }
            var ready: Int32 = 0
            var error: Int32 = 0
            let timeout = min(remaining, Self.pollInterval).pollMilliseconds
            blocking {
                ready = poll(&descriptor, 1, timeout)
                error = errno
            }
            if ready > 0 { return }
            if ready < 0, error != EINTR {
                throw RedisError(.connection, "cannot wait for \(url): \(String(cString: strerror(error)))")
            }
            guard shouldContinue() else { throw cancellation }
        }
    }

    private var timeoutFailure: RedisError { RedisError(.connection, "timed out waiting for \(url)") }

    private var cancellation: RedisError { RedisError(.connection, "cancelled while waiting for \(url)") }
}
