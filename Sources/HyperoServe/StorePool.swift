import HyperoQuery
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The threads that ask Redis, each with a store of its own while it works.
final class StorePool: Sendable {
    /// A store that one thread at a time uses.
    private final class Loan: @unchecked Sendable {
        let store: Store
        init(_ store: Store) { self.store = store }
    }

    private let threads: NIOThreadPool
    private let open: @Sendable () throws -> Store
    private let free = NIOLockedValueBox<[Loan]>([])

    /// - Parameter count: the number of threads.
    init(_ count: Int, _ open: @escaping @Sendable () throws -> Store) {
        threads = NIOThreadPool(numberOfThreads: count)
        self.open = open
        threads.start()
    }

    /// Runs a query on one of the threads.
    ///
    /// - Returns: the result, on the event loop.
    func run<Result: Sendable>(
        on loop: any EventLoop, _ query: @escaping @Sendable (Store) throws -> Result
    ) -> EventLoopFuture<Result> {
        threads.runIfActive(eventLoop: loop) { [self] in
            let loan = try free.withLockedValue { $0.popLast() } ?? Loan(open())
            // After an error the connections may be broken: the next query opens new ones.
            let result = try query(loan.store)
            free.withLockedValue { $0.append(loan) }
            return result
        }
    }

    /// Ends the threads after their present queries.
    func stop() { threads.shutdownGracefully { _ in } }
}
