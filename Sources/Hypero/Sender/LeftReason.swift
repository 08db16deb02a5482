import HyperoRedis
import HyperoSchema

/// A reason why an adoption leaves a journal alone.
package enum LeftReason: Equatable, Sendable {
    case otherHost
    case otherNamespace(String)
    /// The journal was written for another server, whose name is stored in its header.
    case otherServer(String)
    /// The journal was written with another number of partitions. The value is nil in a journal of an earlier version.
    case otherPartitions(Int?)
    /// The folder or a file belongs to another user, or another user can write to it.
    case notPrivate(path: String, FileStatus.Violation)
    case unreadable(String)

    /// The message for the user of a client; nil for journals that other clients are expected to have.
    func notice(journal: String, keyspaces: [Keyspace]) -> String? {
        switch self {
        case .otherHost, .otherNamespace, .otherServer: nil
        case .otherPartitions(let partitions):
            "cannot adopt the journal \(journal): it was written with \(partitions.map { "\($0)" } ?? "another number of") "
                + "\(partitions == 1 ? "partition" : "partitions"), not \(keyspaces.count). "
                + "Send it by `hypero-ingest adopt --partitions \(partitions.map { "\($0)" } ?? "OLD")` while an ingest runs"
        case .notPrivate(let path, let violation):
            "cannot adopt the journal \(journal): \(path): \(violation). Check who wrote it, then correct or remove it"
        case .unreadable(let reason): "cannot adopt the journal \(journal): \(reason)"
        }
    }
}

extension Adoption.Scope {
    /// Returns the reason why a journal with this header is left alone; nil if it is adopted.
    ///
    /// A client without a URL may run before the server of `hypero up` does. The next one without a URL sends its journal to that
    /// server, unless the other server has received some of it: an experiment must not be in two parts.
    ///
    /// - Parameter isUnsent: true if no server has received an event of the journal.
    func reasonToLeave(_ header: SegmentHeader, isUnsent: Bool) -> LeftReason? {
        let namespace = Keyspace.namespace(ofTag: header.tag) ?? header.tag
        guard keyspaces.contains(where: { Keyspace.namespace(ofTag: $0.tag) == namespace }) else {
            return .otherNamespace(namespace)
        }
        let isSameServer =
            header.server == SegmentHeader.serverName(of: url.serverURL) || url.sharesServer(with: header.server)
            || header.isDefaultServer && url.isDefault && isUnsent
        if matchesServer, !isSameServer {
            return .otherServer(header.server)
        }
        guard keyspaces.contains(where: { $0.tag == header.tag }) else { return .otherPartitions(header.partitions) }
        return nil
    }
}
