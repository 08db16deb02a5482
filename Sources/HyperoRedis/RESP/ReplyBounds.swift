/// Limits on the memory of a reply. Beyond them only sizes are counted.
///
/// Any client may have written values of hundreds of megabytes (`proto-max-bulk-len`), and a reply may contain many of
/// them. hiredis delivers every value in one piece, so memory for the largest one is unavoidable. The bounds avoid
/// memory for more than one.
package struct ReplyBounds: Sendable {
    /// The maximum number of bytes kept of one text.
    package let maxTextBytes: Int
    /// The maximum number of bytes kept of all texts, and again as many for the elements of the reply.
    ///
    /// A text that would exceed the maximum is kept as an empty text. Elements that would exceed it are only counted.
    package let maxTotalBytes: Int

    package init(maxTextBytes: Int, maxTotalBytes: Int) {
        self.maxTextBytes = maxTextBytes
        self.maxTotalBytes = maxTotalBytes
    }

    /// No limits, for commands whose replies are known to be small.
    package static let unlimited = ReplyBounds(maxTextBytes: .max, maxTotalBytes: .max)
}
