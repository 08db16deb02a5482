import HyperoRedis
import HyperoSchema

/// The members of one sorted set of experiments, read page by page in one direction.
///
/// Experiments start, end and improve while a scan goes on, so the position of a member changes. Each page therefore begins some
/// members before the end of the last one. Members up to the last one that was read, in the order of the set, are left out. If a
/// page begins after that one, members have left the part that was read, and the page is requested again from an earlier position.
/// An experiment that is in the set during the whole scan and keeps its score is visited exactly once.
struct IndexPages {
    let keyspace: Keyspace
    let battery: Int
    private let key: String
    private let order: ScanOrder
    /// The members that were read, of which the first ``removed`` are removed.
    private var members: [ScanMember] = []
    private var removed = 0
    /// The last member that was read, and its position after the page that has it.
    private var last: ScanMember?
    private var position = 0
    /// The number of members before ``position`` that the next page has again.
    private var overlap = Self.usualOverlap
    /// The number of pages in turn that had no new member, and of those among them that were equal to the one before.
    private var (pagesWithoutNew, repeatedPages) = (0, 0)
    /// The ends of the last page without a new member.
    private var lastEnds: PageEnds?
    private(set) var isComplete = false
    private var pending: (reply: PendingReply<[(name: String, value: String)]>, start: Int, count: Int)?

    private static let usualOverlap = 16
    /// The first and the last member of a page.
    private struct PageEnds: Equatable {
        let first: ExactText
        let last: ExactText
    }

    /// The number of equal pages in turn without a new member after which the list ends with a warning, so that a server that
    /// repeats a page does not make it endless. Members that move before the read ones make such pages too, but different ones.
    private static let maxRepeatedPages = 8
    /// The same for pages that are not equal: four million members in pages of full size.
    private static let maxPagesWithoutNew = 1_024

    init(order: ScanOrder, battery: Int, id: BatteryID, keyspace: Keyspace) {
        self.order = order
        self.battery = battery
        self.keyspace = keyspace
        key = order.key(of: id, in: keyspace)
    }

    /// Creates pages of members that were read already, in order.
    init(of members: [ScanMember], in keyspace: Keyspace, order: ScanOrder) {
        self.order = order
        self.members = members
        self.keyspace = keyspace
        battery = 0
        key = ""
        isComplete = true
    }

    /// The number of members that were read and not removed yet.
    var unreadCount: Int { members.count - removed }

    /// The next member; nil if another page is needed, or if there is none.
    var first: ScanMember? { removed < members.count ? members[removed] : nil }

    /// True if there may be members that were not removed yet.
    var hasMore: Bool { unreadCount > 0 || !isComplete }

    mutating func removeFirst() {
        removed += 1
        guard removed == members.count else { return }
        members.removeAll(keepingCapacity: true)
        removed = 0
    }

    /// Appends the command that reads the next page, unless one is pending or all members are read.
    ///
    ///     ZRANGE <key> <start> <end> [REV] WITHSCORES
    mutating func appendNext(_ count: Int, to pipeline: inout CommandPipeline) {
        guard pending == nil, !isComplete else { return }
        let start = last == nil ? 0 : max(0, position - overlap)
        let (end, hasOverflowed) = position.addingReportingOverflow(count)
        let reply = pipeline.append(
            arguments: ["ZRANGE", key, String(start), String(hasOverflowed ? .max : end - 1)]
                + (order.isHighestFirst ? ["REV", "WITHSCORES"] : ["WITHSCORES"]), in: keyspace, as: .pairs)
        pending = (reply, start, (hasOverflowed ? .max : end) - start)
    }

    /// Reads the page that was requested last, if its reply has arrived.
    mutating func readNext(warnings: inout [String]) throws(QueryError) {
        guard let (reply, start, count) = pending, !reply.isPending else { return }
        pending = nil
        let page = try reply.value(or: [], warnings: &warnings)
        if let last, start > 0, !hasRead(page.first, upTo: last) {
            overlap = min(overlap.multipliedReportingOverflow(by: 8).partialValue, position)
            return
        }
        if removed > 0 {
            members.removeFirst(removed)
            removed = 0
        }
        var newCount = 0
        for (text, score) in page {
            let member = ScanMember(
                keyspace: keyspace, battery: battery, experiment: text, score: Double(score) ?? .nan)
            if let last, !last.precedes(member, highestFirst: order.isHighestFirst) { continue }
            last = member
            newCount += 1
            // A member of a ranking has a rank even if its text is no id, and the row reports that its hash is missing.
            guard order.isRanking || member.id != nil else {
                addScanWarning("\(key): '\(printable(text))' is not an experiment id", to: &warnings)
                continue
            }
            members.append(member)
        }
        overlap = Self.usualOverlap
        position = start + page.count
        isComplete = page.count < count
        countPage(page, newCount: newCount)
        if !isComplete, repeatedPages == Self.maxRepeatedPages || pagesWithoutNew == Self.maxPagesWithoutNew {
            addScanWarning("\(key): the server returns the same members again, and the rest is left out", to: &warnings)
            isComplete = true
        }
    }

    private mutating func countPage(_ page: [(name: String, value: String)], newCount: Int) {
        guard newCount == 0, let first = page.first, let last = page.last else {
            (pagesWithoutNew, repeatedPages, lastEnds) = (0, 0, nil)
            return
        }
        let ends = PageEnds(first: ExactText(first.name), last: ExactText(last.name))
        pagesWithoutNew += 1
        repeatedPages = ends == lastEnds ? repeatedPages + 1 : 0
        lastEnds = ends
    }

    /// Returns whether the first member of a page was read already, so that the page leaves out no member after the last one.
    private func hasRead(_ first: (name: String, value: String)?, upTo last: ScanMember) -> Bool {
        guard let first else { return false }
        let member = ScanMember(
            keyspace: keyspace, battery: battery, experiment: first.name, score: Double(first.value) ?? .nan)
        return !last.precedes(member, highestFirst: order.isHighestFirst)
    }
}
