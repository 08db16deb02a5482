import HyperoCore
import HyperoRedis
import HyperoSchema

/// How a client's journal is made, and made again by its forked children.
struct JournalSettings: Sendable {
    /// Bytes of one segment; the largest record must fit.
    let segmentSize: Int
    let mostSegments: Int
    /// Where the events go: of the segments' headers.
    let tag: String
    let place: String
    private let machine = HostIdentity.current
    /// Whether a producer's events go to the same partition.
    private let isOurs: @Sendable (ProducerID) -> Bool
    /// Where journals lie, or why they cannot: looked up once, because the host may change its environment.
    private let root: Result<JournalRoot, SystemError>

    /// - Parameter limit: bytes of all segments together; at least two segments are allowed.
    init(
        limit: Int, segmentSize: Int, tag: String, place: String,
        environment: (String) -> String?,
        isOurs: @escaping @Sendable (ProducerID) -> Bool = { _ in true }
    ) {
        self.segmentSize = segmentSize
        mostSegments = max(2, limit / segmentSize)
        self.tag = tag
        self.place = place
        root = Result { () throws(SystemError) in try JournalRoot(environment: environment) }
        self.isOurs = isOurs
    }

    /// Where the journals of others may lie; nil when there is no such folder.
    var folder: String? { try? root.get().path }

    func makeFolder(of identity: JournalIdentity, _ notice: inout String?) -> JournalFolder? {
        do {
            return try JournalFolder(making: identity.producer, in: try root.get())
        } catch {
            notice = Self.memoryOnly(error)
            return nil
        }
    }

    /// Makes a segment: a file, or memory where no file can be had; nil when there is no memory either.
    func makeSegment(
        _ ordinal: Int, in folder: JournalFolder?, of identity: JournalIdentity, _ notice: inout String?
    ) -> Segment? {
        guard let folder else { return .memory(size: segmentSize) }
        do {
            let segment = try Segment.file(at: folder.segment(ordinal), size: segmentSize)
            SegmentHeader(
                producer: identity.producer, ancestors: identity.ancestors, machine: machine, tag: tag, place: place
            ).write(to: segment.base)
            return segment
        } catch {
            notice = Self.memoryOnly(error)
            return .memory(size: segmentSize)
        }
    }

    /// Who a forked child is: another producer, of the same partition, since its parent's experiments lie there.
    ///
    /// Its draws have a seed of their own, or all children of a process would try the same.
    func child(of parent: JournalIdentity) -> JournalIdentity {
        var generator = SystemRandomNumberGenerator()
        var producer = ProducerID(using: &generator)
        while !isOurs(producer) { producer = ProducerID(using: &generator) }
        let ancestors = ([parent.producer] + parent.ancestors).prefix(SegmentHeader.mostAncestors)
        return JournalIdentity(producer: producer, ancestors: Array(ancestors), seed: generator.next())
    }

    private static func memoryOnly(_ error: SystemError) -> String {
        "no journal file can be made (\(error)): events are kept in memory, and a kill would lose what is queued; "
            + "set HYPERO_JOURNAL to a folder that can be written"
    }
}
