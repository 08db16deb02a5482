/// Limits on the memory of a reply, which hold while the reply is received.
///
/// Any client may have written values of hundreds of megabytes (`proto-max-bulk-len`), a reply may contain many of them,
/// and a hostile server sends what it likes. Bytes beyond the bounds are never stored.
package struct ReplyBounds: Sendable, Hashable {
    /// The maximum number of bytes kept of one text.
    package let maxTextBytes: Int
    /// The maximum number of bytes kept of all texts, and again as many for the elements of the reply.
    ///
    /// A text that would exceed the maximum is kept as an empty text. Elements that would exceed it are only counted.
    package let maxTotalBytes: Int
    /// True if a reply beyond the bounds is an error, so that every reply is complete.
    package let rejectsLargerReplies: Bool

    /// Creates bounds beyond which a reply is truncated.
    package init(maxTextBytes: Int, maxTotalBytes: Int) {
        self.maxTextBytes = maxTextBytes
        self.maxTotalBytes = maxTotalBytes
        rejectsLargerReplies = false
    }

    /// Creates bounds beyond which a reply is an error.
    ///
    /// - Parameter limit: the maximum number of bytes in memory of the texts and the elements together.
    package init(rejectingAbove limit: Int) {
        maxTextBytes = limit
        maxTotalBytes = limit
        rejectsLargerReplies = true
    }

    /// 2 MiB, for commands whose replies are an id, a number, a status or one entry.
    package static let small = ReplyBounds(rejectingAbove: 2 << 20)
    /// 32 MiB, for the reply to a transaction that changes as much as a batch of entries can.
    package static let medium = ReplyBounds(rejectingAbove: 32 << 20)
    /// 256 MiB, for whole hashes such as the learning curves of an experiment with a million epochs.
    package static let large = ReplyBounds(rejectingAbove: 256 << 20)
}
