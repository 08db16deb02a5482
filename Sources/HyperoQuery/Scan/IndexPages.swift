import HyperoRedis
import HyperoSchema

/// The members of one sorted set of experiments, read page by page in one direction.
///
/// Each page begins at the score of the last member, not at its position, because experiments start, end and improve while a
/// scan goes on. An experiment that is in the set during the whole scan and keeps its score is visited exactly once.
struct IndexPages {
    let keyspace: Keyspace
    let battery: Int
    private let key: String
    private let order: ScanOrder
    /// The members that were read, of which the first ``removed`` are removed.
    private var members: [ScanMember] = []
    private var removed = 0
    /// The number of members that were read.
    private var position = 0
    private(set) var isComplete = false
    /// The score of the last member as the server wrote it, and the members of that score.
    private var lastScore = ""
    private var latest: Set<ExactText> = []
    private var pending: (reply: PendingReply<[(name: String, value: String)]>, count: Int)?

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
    ///     ZRANGE <key> 0 <count - 1> [REV] WITHSCORES
    ///     ZRANGE <key> <last score> <end> BYSCORE [REV] LIMIT <members of that score> <count> WITHSCORES
    mutating func appendNext(_ count: Int, to pipeline: inout CommandPipeline) {
        guard pending == nil, !isComplete else { return }
        let reverse = order.isHighestFirst ? ["REV"] : []
        let range: [String]
        if position == 0 {
            range = ["0", String(count - 1)] + reverse
        } else if latest.count >= count {
            // A page of equal scores: the server would walk over all of them again to find the next one.
            range = [String(position), String(position + count - 1)] + reverse
        } else {
            range =
                [lastScore, order.isHighestFirst ? "-inf" : "+inf", "BYSCORE"] + reverse
                + ["LIMIT", String(latest.count), String(count)]
        }
        let reply = pipeline.append(
            arguments: ["ZRANGE", key] + range + ["WITHSCORES"], in: keyspace, as: .pairs)
        pending = (reply, count)
    }

    /// Reads the page that was requested last, if its reply has arrived. A page without new members is the last one, so that a
    /// hostile server cannot make the list endless by repeating a page.
    mutating func readNext(warnings: inout [String]) throws(QueryError) {
        guard let (reply, count) = pending, !reply.isPending else { return }
        pending = nil
        let page = try reply.value(or: [], warnings: &warnings)
        position += page.count
        if removed > 0 {
            members.removeFirst(removed)
            removed = 0
        }
        var newCount = 0
        for (text, score) in page {
            let name = ExactText(text)
            if !score.hasSameBytes(as: lastScore) {
                lastScore = score
                latest.removeAll(keepingCapacity: true)
            }
            guard latest.insert(name).inserted else { continue }
            newCount += 1
            let member = ScanMember(
                keyspace: keyspace, battery: battery, experiment: text, score: Double(score) ?? .nan)
            // A member of a ranking has a rank even if its text is no id, and the row reports that its hash is missing.
            guard order.isRanking || member.id != nil else {
                addScanWarning("\(key): '\(printable(text))' is not an experiment id", to: &warnings)
                continue
            }
            members.append(member)
        }
        isComplete = page.count < count || newCount == 0
    }
}

/// Adds a warning of a scan. A scan of a million malformed hashes keeps the first thousand warnings.
func addScanWarning(_ warning: String, to warnings: inout [String]) {
    if warnings.count < 1_000 { warnings.append(warning) }
}
