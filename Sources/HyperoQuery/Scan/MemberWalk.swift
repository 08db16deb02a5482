import HyperoRedis
import HyperoSchema

/// The members of the sorted sets of batteries and partitions, merged into one order.
///
/// The merge is exact: it ends before a member that may precede one that a set has not read yet.
struct MemberWalk {
    let order: ScanOrder
    private(set) var lists: [IndexPages]
    /// The size of the next pages. Grows, so that a scan that ends early reads few members.
    private var pageSize: Int

    /// The largest page. It bounds the members of each list in memory.
    private static let maxPageSize = 4_096

    /// - Parameter firstPage: the number of members in the first page of each list.
    init(_ order: ScanOrder, over batteries: [StoredBattery], firstPage: Int) {
        self.order = order
        pageSize = firstPage
        lists = []
        for (index, battery) in batteries.enumerated() {
            for keyspace in battery.keyspaces {
                lists.append(IndexPages(order: order, battery: index, id: battery.id, keyspace: keyspace))
            }
        }
    }

    /// Creates a walk over members that were read already, in order.
    init(of members: [ScanMember], order: ScanOrder = .unordered) {
        self.order = order
        pageSize = 1
        lists = members.first.map { [IndexPages(of: members, in: $0.keyspace, order: order)] } ?? []
    }

    /// True if there may be members that were not removed yet.
    var hasMore: Bool { lists.contains(where: \.hasMore) }

    /// Appends the commands for the next pages of the lists that have fewer unread members than a number.
    mutating func appendPages(ahead: Int, to pipeline: inout CommandPipeline) {
        let isOrdered = order != .unordered
        let before = pipeline.commands.count
        for index in lists.indices where lists[index].unreadCount < ahead {
            lists[index].appendNext(pageSize, to: &pipeline)
            // The lists after the first unfinished one are not needed yet.
            if !isOrdered, lists[index].hasMore { break }
        }
        if pipeline.commands.count > before { pageSize = max(pageSize, min(pageSize * 2, Self.maxPageSize)) }
    }

    /// Reads the pages whose replies have arrived.
    mutating func readPages(warnings: inout [String]) throws(QueryError) {
        for index in lists.indices { try lists[index].readNext(warnings: &warnings) }
    }

    /// Removes the next members and returns them, in order: as many as the count, or fewer if a list needs a page first.
    mutating func removeNext(_ count: Int) -> [ScanMember] {
        var members: [ScanMember] = []
        members.reserveCapacity(min(count, 512))
        if order == .unordered {
            for index in lists.indices {
                while members.count < count, let member = lists[index].first {
                    members.append(member)
                    lists[index].removeFirst()
                }
                if lists[index].hasMore { break }
            }
            return members
        }
        let highestFirst = order.isHighestFirst
        while members.count < count {
            var best: (index: Int, member: ScanMember)?
            for index in lists.indices {
                guard let candidate = lists[index].first else {
                    if lists[index].isComplete { continue }
                    return members
                }
                if let best, !candidate.precedes(best.member, highestFirst: highestFirst) { continue }
                best = (index, candidate)
            }
            guard let best else { return members }
            members.append(best.member)
            lists[best.index].removeFirst()
        }
        return members
    }
}
