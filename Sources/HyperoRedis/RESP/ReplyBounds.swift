/// How much of a reply is kept in memory; of the rest only the size is known.
///
/// Whoever reads what others wrote may be answered any number of values of 64 MiB. hiredis hands every value over in one
/// piece, so that the largest has to fit; but no two of them have to.
package struct ReplyBounds: Sendable {
    /// Bytes kept of one text.
    package let maxTextBytes: Int
    /// Bytes kept of all texts, and as many again of what describes the elements. Of a text that would go beyond it nothing
    /// is kept, and the elements after the last that fits are only counted.
    package let maxTotalBytes: Int

    package init(maxTextBytes: Int, maxTotalBytes: Int) {
        self.maxTextBytes = maxTextBytes
        self.maxTotalBytes = maxTotalBytes
    }

    /// Everything is kept: for replies to questions whose answers are known to be short.
    package static let unlimited = ReplyBounds(maxTextBytes: .max, maxTotalBytes: .max)
}
