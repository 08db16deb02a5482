/// What an entry of the stream may hold.
///
/// The client refuses what breaks these, and the ingest checks all of it again, because anything that speaks to Redis
/// can write to the stream.
package enum Limits {
    /// Bytes of a name: of a battery, hyper-parameter, metadata or channel.
    package static let name = 256
    /// Bytes of one field's value.
    package static let value = 64 * 1024
    /// Fields of one entry, the leading `event`, `battery` and so on included.
    package static let fields = 1_024
    /// Bytes of all names and values of one entry.
    package static let entry = 1024 * 1024
    /// Bytes that a dead letter keeps of a value, or of each value of an entry, that is beyond the limits.
    package static let deadValue = 256
    /// Dead letters that a partition keeps, and some more: the oldest make room for the next.
    package static let deadLetters = 100_000
    /// The highest epoch, and the latest time in milliseconds: the integers that every reader's double holds exactly.
    package static let integer: Int64 = 1 << 53 - 1
}
