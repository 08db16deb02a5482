import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

/// Reads and decodes the next entries while those before them are folded and applied, on a thread and a connection of its
/// own: with a backlog, parsing what XREAD answers would else take as long as Redis takes to apply it.
///
/// The thread owns the connection; what is asked of it and what it found pass through the mutex, one question at a time.
/// Nothing of it is fenced: what it read is only applied in a transaction that is.
final class Prefetcher: @unchecked Sendable {
    /// Entries, and what was asked for.
    struct Found {
        let read: XReadReply
        let batch: DecodedBatch
        let asked: Int
    }

    private struct Question: Equatable {
        let after: StreamID
        let count: Int
    }

    private let url: RedisURL
    private let space: Keyspace

    // Guarded by the mutex:
    private var question: Question?
    private var answer: Result<Found, RedisError>?
    private var isRunning = false
    private var isEnded = false

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// - Parameter url: of the server that the partition is written to.
    init(_ url: RedisURL, space: Keyspace) {
        self.url = url
        self.space = space
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Has so many entries after an id read. What was asked before and not taken is forgotten; the same question is not
    /// asked twice.
    func ask(after id: StreamID, count: Int) throws(RedisError) {
        var code: Int32 = 0
        locked {
            guard question?.after != id else { return }
            question = Question(after: id, count: count)
            answer = nil
            pthread_cond_broadcast(changed)
            guard !isRunning else { return }
            code = NamedThread.start("ingest-ahead") { [self] in run() }
            isRunning = code == 0
        }
        guard code == 0 else {
            throw RedisError(.connection, "cannot start a thread to read ahead: \(String(cString: strerror(code)))")
        }
    }

    /// Takes what was asked for.
    ///
    /// - Parameters:
    ///   - duration: how long to wait for it.
    ///   - patience: waits no longer than this lasts either.
    /// - Returns: nil when it is not there yet.
    /// - Throws: why it could not be read.
    func take(atMost duration: Duration, _ patience: CancellationShield) throws(RedisError) -> Found? {
        let deadline = MonotonicTime.now + duration
        let taken: Result<Found, RedisError>? = locked {
            while answer == nil, patience.goesOn, case let left = deadline - .now, left > .zero {
                wait(atMost: min(left, .milliseconds(5)))
            }
            guard let answer else { return nil }
            (self.question, self.answer) = (nil, nil)
            return answer
        }
        return try taken?.get()
    }

    /// Ends the thread and its connection, soon.
    func end() {
        locked {
            isEnded = true
            pthread_cond_broadcast(changed)
        }
    }

    // MARK: - On the thread

    /// The connection, and what was asked over it already.
    private struct Line: ~Copyable {
        var connection: RedisConnection
        var sent: Question?
    }

    private func run() {
        var line: Line?
        while let question = nextQuestion() {
            let found: Result<Found, RedisError>
            do throws(RedisError) {
                var open = if let kept = line.take() { kept } else { try connect() }
                found = .success(try answer(question, over: &open))
                line = consume open
            } catch {
                // The connection goes with it: the next question may be a while away.
                found = .failure(error)
            }
            locked {
                guard self.question == question else { return }
                answer = found
                pthread_cond_broadcast(changed)
            }
        }
    }

    private func nextQuestion() -> Question? {
        locked {
            while question == nil || answer != nil, !isEnded { pthread_cond_wait(changed, mutex) }
            return isEnded ? nil : question
        }
    }

    private func connect() throws(RedisError) -> Line {
        Line(
            connection: try RedisConnection.open(to: url, name: "hypero-ingest-ahead") { [self] in locked { !isEnded } }
        )
    }

    private func answer(_ question: Question, over line: inout Line) throws(RedisError) -> Found {
        if line.sent != nil, line.sent?.after != question.after {
            _ = try line.connection.receive(within: XReadReply.bounds)
            line.sent = nil
        }
        if line.sent == nil { try send(question, over: &line) }
        let asked = line.sent?.count ?? question.count
        line.sent = nil
        let reply = try line.connection.receive(within: XReadReply.bounds)
        if let error = reply.error { throw error.of(space.events, holds: "no stream") }
        let read = try XReadReply(reply)
        // Redis reads on while these are decoded. Of large entries it does not: how many to ask for is to be judged first.
        if let last = read.last, read.mayHaveMore(asked: asked), read.bytes <= BatchSize.byteLimit {
            try send(Question(after: last, count: question.count), over: &line)
        }
        return Found(read: read, batch: try read.decoded(), asked: asked)
    }

    /// XREAD COUNT n STREAMS events id.
    private func send(_ question: Question, over line: inout Line) throws(RedisError) {
        var writer = RESPWriter(capacity: 256)
        writer.reading(after: question.after, count: question.count, block: nil, in: space)
        try line.connection.send(writer)
        line.sent = question
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    private func wait(atMost duration: Duration) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        time.tv_nsec += Int(duration / .nanoseconds(1))
        if time.tv_nsec >= 1_000_000_000 {
            time.tv_sec += 1
            time.tv_nsec -= 1_000_000_000
        }
        pthread_cond_timedwait(changed, mutex, &time)
    }
}
