import Glibc
import HyperoCore
package import HyperoRedis
package import HyperoSchema

/// The reader that reads and decodes the next entries while the entries before them are folded and applied.
///
/// It has a thread and a connection of its own, because parsing the reply to XREAD takes about as long as Redis takes
/// to apply its entries. One request is processed at a time. Reading is not fenced, because the transaction that
/// applies the entries is.
package final class Prefetcher: @unchecked Sendable {
    private struct Request: Equatable {
        let after: StreamID
        let count: Int
    }

    private let url: RedisURL
    private let keyspace: Keyspace
    private let serverID: String?

    // Protected by the mutex:
    private var request: Request?
    private var result: Result<ReadBatch, RedisError>?
    private var isRunning = false
    private var isStopped = false

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// - Parameters:
    ///   - url: the server that the partition's owner is connected to.
    ///   - serverID: the `run_id` of that server; nil if it is unknown.
    package init(_ url: RedisURL, keyspace: Keyspace, serverID: String? = nil) {
        self.url = url
        self.keyspace = keyspace
        self.serverID = serverID
        pthread_mutex_init(mutex, nil)
        // The clock of the system may be set back during a wait.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Requests the entries after an id, and discards the result of an earlier request. A request with the same id as
    /// the current one is ignored.
    ///
    /// - Throws: a connection error if the thread cannot be started.
    package func request(after id: StreamID, count: Int) throws(RedisError) {
        var code: Int32 = 0
        locked {
            guard request?.after != id else { return }
            request = Request(after: id, count: count)
            result = nil
            pthread_cond_broadcast(changed)
            guard !isRunning else { return }
            code = NamedThread.start("ingest-ahead") { [self] in run() }
            isRunning = code == 0
        }
        guard code == 0 else {
            throw RedisError(.connection, "cannot start the prefetch thread: \(String(cString: strerror(code)))")
        }
    }

    /// Returns the entries of the current request, and ends the request.
    ///
    /// - Parameters:
    ///   - duration: the longest time to wait for the entries.
    ///   - shield: ends the wait on shutdown.
    /// - Returns: nil if the entries are not read yet.
    /// - Throws: the error of the read. It ends the request too.
    package func receive(
        waitingAtMost duration: Duration, shield: CancellationShield
    ) throws(RedisError) -> ReadBatch? {
        let deadline = MonotonicTime.now + duration
        let received: Result<ReadBatch, RedisError>? = locked {
            while result == nil, shield.shouldContinue, case let remaining = deadline - .now, remaining > .zero {
                wait(atMost: min(remaining, .milliseconds(5)))
            }
            guard let result else { return nil }
            (self.request, self.result) = (nil, nil)
            return result
        }
        return try received?.get()
    }

    /// Requests the end of the thread, which then closes its connection. Returns at once.
    package func stop() {
        locked {
            isStopped = true
            pthread_cond_broadcast(changed)
        }
    }

    // MARK: - On the thread

    /// The thread's connection, with the request that was sent over it and has no reply yet.
    private struct Link: ~Copyable {
        var connection: RedisConnection
        var sent: Request?
    }

    private func run() {
        var idleLink: Link?
        while let request = nextRequest() {
            let result: Result<ReadBatch, RedisError>
            do throws(RedisError) {
                var link = if let idle = idleLink.take() { idle } else { try connect() }
                result = .success(try read(request, over: &link))
                idleLink = consume link
            } catch {
                // The error also closes the connection, because the next request may be much later.
                result = .failure(error)
            }
            locked {
                guard self.request == request else { return }
                self.result = result
                pthread_cond_broadcast(changed)
            }
        }
    }

    private func nextRequest() -> Request? {
        locked {
            while request == nil || result != nil, !isStopped { pthread_cond_wait(changed, mutex) }
            return isStopped ? nil : request
        }
    }

    private func connect() throws(RedisError) -> Link {
        var connection = try RedisConnection.open(to: url, name: "hypero-ingest-ahead", bounds: .small) { [self] in
            locked { !isStopped }
        }
        // Behind one address may be several servers, and the cursor of one would pass entries of the other.
        if let serverID, let found = try connection.serverID(), found != serverID {
            throw RedisError(
                .connection, "\(url) leads to several servers: run_id \(serverID) and \(found). Connect to one of them")
        }
        return Link(connection: connection)
    }

    private func read(_ request: Request, over link: inout Link) throws(RedisError) -> ReadBatch {
        if link.sent != nil, link.sent?.after != request.after {
            _ = try link.connection.receive(within: XReadReply.bounds)
            link.sent = nil
        }
        if link.sent == nil { try send(request, over: &link) }
        let requested = link.sent?.count ?? request.count
        link.sent = nil
        let reply = try XReadReply(try link.connection.receive(within: XReadReply.bounds), from: keyspace.events)
        // Redis reads the next entries while these are decoded. If entries are large, the size of the next batch must
        // be adapted first.
        if let last = reply.last, reply.mayHaveMore(requested: requested), reply.bytes <= BatchSize.byteLimit {
            try send(Request(after: last, count: request.count), over: &link)
        }
        return try ReadBatch(reply, requested: requested)
    }

    /// Sends XREAD COUNT n STREAMS events id.
    private func send(_ request: Request, over link: inout Link) throws(RedisError) {
        var writer = RESPWriter(capacity: 256)
        writer.addRead(after: request.after, count: request.count, block: nil, in: keyspace)
        try link.connection.send(writer)
        link.sent = request
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    private func wait(atMost duration: Duration) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        time.tv_nsec += Int(duration / .nanoseconds(1))
        if time.tv_nsec >= 1_000_000_000 {
            time.tv_sec += 1
            time.tv_nsec -= 1_000_000_000
        }
        pthread_cond_timedwait(changed, mutex, &time)
    }
}
