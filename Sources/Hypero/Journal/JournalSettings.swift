import HyperoCore
import HyperoSchema

/// The producer that writes a journal.
struct JournalIdentity: Sendable {
    /// The producer whose sequence numbers the records carry, and whose experiments start in this process.
    let producer: ProducerID
    /// The producers of the processes that this one was forked from, the nearest first.
    var ancestors: [ProducerID] = []
    /// The seed of the draws.
    var seed: UInt64 = 0
    /// The number of experiments started.
    var experiments: UInt32 = 0
}

/// The settings with which a client and its forked children create the folders and segments of their journals.
struct JournalSettings: Sendable {
    /// The size of a segment in bytes. A record must fit into one segment.
    let segmentSize: Int
    let maxSegments: Int
    /// The hash tag of the partition, for the segments' headers.
    let tag: String
    /// The number of partitions, for the segments' headers.
    let partitions: Int?
    /// The name of the Redis server in the segments' headers.
    let server: String
    /// true if the client had no URL, for the segments' headers.
    let isDefaultServer: Bool
    private let machine = HostIdentity.current
    /// Returns whether the events of a producer go to the same partition.
    private let isSamePartition: @Sendable (ProducerID) -> Bool
    /// The root folder or its error. Looked up once, because the host process may change its environment.
    private let root: Result<JournalRoot, JournalFileError>
    /// Returns whether a journal's files are safe on a file system.
    private let isReliable: @Sendable (FileSystem) -> Bool

    /// - Parameter limit: The size of all segments together, in bytes. At least two segments are allowed.
    init(
        limit: Int, segmentSize: Int, tag: String, partitions: Int? = nil, serverURL: String,
        isDefaultServer: Bool = false,
        environment: (String) -> String?,
        isReliable: @escaping @Sendable (FileSystem) -> Bool = { $0.keepsReservations },
        isSamePartition: @escaping @Sendable (ProducerID) -> Bool = { _ in true }
    ) {
        self.segmentSize = segmentSize
        maxSegments = max(2, limit / segmentSize)
        self.tag = tag
        self.partitions = partitions
        server = SegmentHeader.serverName(of: serverURL)
        self.isDefaultServer = isDefaultServer
        root = Result { () throws(JournalFileError) in try JournalRoot(environment: environment) }
        self.isReliable = isReliable
        self.isSamePartition = isSamePartition
    }

    /// The folder that may contain orphaned journals; nil if it cannot be created.
    var adoptableRoot: JournalRoot? { try? root.get() }

    /// Creates the folder of a producer. On failure returns nil and sets the notice.
    func makeFolder(of identity: JournalIdentity, notice: inout String?) -> JournalFolder? {
        do {
            return try JournalFolder(creating: identity.producer, in: try root.get(), isReliable: isReliable)
        } catch {
            notice = Self.memoryNotice(error)
            return nil
        }
    }

    /// Creates a segment: a file, or anonymous memory if no file can be created.
    ///
    /// - Parameters:
    ///   - folder: The producer's folder; nil for memory.
    ///   - notice: Set if a file was expected and cannot be created.
    /// - Returns: nil if there is no memory either.
    func makeSegment(
        _ ordinal: Int, in folder: JournalFolder?, of identity: JournalIdentity, notice: inout String?
    ) -> Segment? {
        guard let folder else { return .memory(size: segmentSize) }
        do throws(JournalFileError) {
            let file = SegmentFile(folder: folder, ordinal: ordinal)
            let segment = try Segment.newFile(file, size: segmentSize)
            SegmentHeader(
                producer: identity.producer, ancestors: identity.ancestors, machine: machine, tag: tag, server: server,
                isDefaultServer: isDefaultServer, partitions: partitions, segmentSize: segmentSize
            ).write(to: segment.base)
            do throws(JournalFileError) {
                try file.finish()
            } catch {
                file.remove()
                throw error
            }
            return segment
        } catch {
            notice = Self.memoryNotice(error)
            return .memory(size: segmentSize)
        }
    }

    /// Returns the identity of a forked child, a new producer.
    ///
    /// The child uses its parent's partition, because it may log to its parent's experiments there. The child gets a
    /// new seed. With the parent's seed, all children of a process would draw the same values.
    func childIdentity(of parent: JournalIdentity) -> JournalIdentity {
        var generator = SystemRandomNumberGenerator()
        var producer = ProducerID(using: &generator)
        while !isSamePartition(producer) { producer = ProducerID(using: &generator) }
        let ancestors = ([parent.producer] + parent.ancestors).prefix(SegmentHeader.maxAncestors)
        return JournalIdentity(producer: producer, ancestors: Array(ancestors), seed: generator.next())
    }

    private static func memoryNotice(_ error: JournalFileError) -> String {
        let advice =
            if case .unreliable = error {
                "Set HYPERO_JOURNAL to a folder of yours on ext4, XFS or tmpfs, for example in /dev/shm"
            } else {
                "Set HYPERO_JOURNAL to a folder of yours that is writable"
            }
        return
            "cannot create a journal file: \(error). Events are kept in memory and are lost if the process is killed. "
            + advice
    }
}
