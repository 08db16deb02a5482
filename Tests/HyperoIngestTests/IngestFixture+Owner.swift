import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import Testing

@testable import HyperoIngest

extension IngestFixture {
    /// A logger that writes nothing.
    static let silentLogger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Takes the lease, as an owner does, and returns the fence of its next transaction.
    func makeFence(over connection: inout RedisConnection) throws -> Fence {
        let lease = Lease(keyspace: keyspace, owner: "test", duration: .seconds(60))
        let isAcquired = try lease.acquire(over: &connection)
        let cursor = try #require(try metric(IngestField.cursor).flatMap { StreamID($0) })
        var fence = Fence(lease: lease, since: .now, writtenCursor: cursor)
        let isFenced = try fence.renew(over: &connection)
        #expect(isAcquired && isFenced)
        return fence
    }
}
