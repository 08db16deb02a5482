import Glibc
import HyperoCore
import HyperoPage
import HyperoQuery
import HyperoRedis
import Synchronization

/// The thread that waits for changes of a battery. Whatever the number of viewers is, Redis has one reader.
///
/// The thread owns the feed and its store, and hands values to the event loop.
final class LiveWatcher: Sendable {
    /// A message to the viewers.
    enum Message: Sendable {
        /// The watch has begun: later changes are reported.
        case began
        /// Changed experiments as JSON.
        case rows(String)
        /// The pages must be read again, for a reason in words.
        case reload(String)
        /// The reason why there are no changes at the moment; nil when that is over. `isGone` is true if the battery does not exist any more.
        case problem(String?, isGone: Bool = false)
        /// The watch has ended before it began.
        case failed(any Error)
    }

    private let key: BatteryKey
    private let open: @Sendable () throws -> Store
    private let post: @Sendable (Message) -> Void
    private let isOver = Atomic<Bool>(false)
    private let wake: WakePipe

    /// - Parameter post: receives the messages on the thread of the watcher.
    /// - Throws: the error of the system if no descriptors are left.
    init(
        _ key: BatteryKey, _ open: @escaping @Sendable () throws -> Store,
        post: @escaping @Sendable (Message) -> Void
    ) throws {
        self.key = key
        self.open = open
        self.post = post
        wake = try WakePipe()
    }

    deinit { wake.close() }

    /// Starts the thread, which keeps the watcher until it ends.
    func start() throws {
        let code = NamedThread.start("hypero-watch") { [self] in run() }
        guard code == 0 else { throw SystemError("pthread_create", code: code) }
    }

    /// Ends the thread soon.
    func stop() {
        isOver.store(true, ordering: .relaxed)
        wake.signal()
    }

    private var shouldContinue: Bool { !isOver.load(ordering: .relaxed) }

    private func run() {
        let feed: ExperimentFeed
        do {
            feed = ExperimentFeed(try open(), of: key.name, version: key.version) { [self] in shouldContinue }
            try feed.start()
        } catch {
            post(.failed(error))
            return
        }
        post(.began)
        var backoff = Backoff()
        var problem: String?
        while shouldContinue {
            do {
                if backoff.failures > 0 {
                    try feed.start()
                    // The connection that waits for entries may be refused although others are open. The page is read again anyway.
                    _ = try feed.next(until: .now + .milliseconds(200), wake: wake)
                    post(.problem(nil))
                    problem = nil
                    post(.reload("Redis answers again"))
                    backoff.reset()
                }
                while shouldContinue {
                    switch try feed.next(until: .now + .seconds(3_600), wake: wake) {
                    case .changes(let changes): post(.rows(ReportJSON.text(of: changes)))
                    case .reload(let reason): post(.reload(reason))
                    case nil: break
                    }
                }
            } catch {
                if problem != "\(error)" {
                    post(.problem("\(error)", isGone: error.category == .notFound))
                }
                problem = "\(error)"
                wait(backoff.nextDelay(random: .random(in: 0..<1)) + .milliseconds(100))
            }
        }
    }

    private func wait(_ delay: Duration) {
        var polled = pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0)
        _ = poll(&polled, 1, delay.pollMilliseconds)
    }
}
