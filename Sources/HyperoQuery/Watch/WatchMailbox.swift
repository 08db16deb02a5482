import Glibc
package import HyperoCore

/// A pipe by which one thread wakes another one that waits in `poll(2)`.
package struct WakePipe: Sendable {
    /// The end to wait for.
    package let readEnd: Int32
    private let writeEnd: Int32

    /// Creates a pipe that stays open until ``close()``.
    ///
    /// - Throws: the error of `pipe(2)`.
    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // A full pipe wakes the reader as well as one more byte.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    /// Closes both ends, after which the pipe must not be used.
    package func close() {
        Glibc.close(readEnd)
        Glibc.close(writeEnd)
    }

    /// Wakes the reader. Allowed in a signal handler.
    package func signal(_ byte: UInt8 = 0) {
        let code = errno
        withUnsafeBytes(of: byte) { _ = write(writeEnd, $0.baseAddress, 1) }
        errno = code
    }

    /// Removes all bytes and returns them.
    @discardableResult
    package func drain() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = retryingInterrupts { read(readEnd, &bytes, bytes.count) }
        return Array(bytes.prefix(max(count, 0)))
    }
}

/// The values that the thread of a ``WatchFeed`` and the main thread exchange.
///
/// The main thread replaces the request, and the feed appends updates. Each wakes the other one.
package final class WatchMailbox: @unchecked Sendable {
    // All variables are protected by the mutex.
    private let mutex = AdaptiveMutex()
    private var current: WatchRequest
    private var updates: [WatchUpdate] = []
    private var isClosed = false

    /// Wakes the main thread.
    package let updatesPipe: WakePipe
    /// Wakes the feed.
    let requestsPipe: WakePipe

    /// The number of updates above which the feed waits until they are taken, so that a slow reader of a pipe slows the feed down
    /// instead of filling the memory.
    private static let capacity = 64

    package init(_ request: WatchRequest) throws(SystemError) {
        current = request
        updatesPipe = try WakePipe()
        do {
            requestsPipe = try WakePipe()
        } catch {
            updatesPipe.close()
            throw error
        }
    }

    deinit {
        updatesPipe.close()
        requestsPipe.close()
        mutex.destroy()
    }

    /// The request. Setting another one wakes the feed.
    package var request: WatchRequest {
        get { mutex.withLock { current } }
        set {
            let isNew = mutex.withLock {
                defer { current = newValue }
                return current != newValue
            }
            if isNew { requestsPipe.signal() }
        }
    }

    /// Ends the feed, and wakes the main thread.
    package func close() {
        mutex.withLock { isClosed = true }
        requestsPipe.signal()
        updatesPipe.signal()
    }

    /// True if the feed must end.
    var isOver: Bool { mutex.withLock { isClosed } }

    /// True if the feed must wait until the updates are taken.
    var isFull: Bool { mutex.withLock { updates.count >= Self.capacity } }

    /// Appends an update.
    func post(_ update: WatchUpdate) {
        mutex.withLock { updates.append(update) }
        updatesPipe.signal()
    }

    /// Returns the updates, and removes them.
    package func take() -> [WatchUpdate] {
        updatesPipe.drain()
        let taken = mutex.withLock {
            defer { updates = [] }
            return updates
        }
        if taken.count >= Self.capacity { requestsPipe.signal() }
        return taken
    }

    /// Returns the first update, and removes it; nil if there is none.
    func takeFirst() -> WatchUpdate? {
        let (first, wasFull) = mutex.withLock {
            let wasFull = updates.count >= Self.capacity
            return (updates.isEmpty ? nil : updates.removeFirst(), wasFull)
        }
        if wasFull { requestsPipe.signal() }
        return first
    }
}
