/// The limits of a stream entry.
///
/// The client rejects events beyond these limits. The ingest checks them again, because every Redis client can write to the
/// stream.
package enum Limits {
    /// The maximum number of bytes in the name of a battery, hyper-parameter, metadata or channel.
    package static let name = 256
    /// The maximum number of bytes in the value of a field.
    package static let value = 64 * 1024
    /// The maximum number of fields in an entry, including the common ones such as `event` and `battery`.
    package static let fields = 1_024
    /// The maximum number of channels in a row of the learning curves.
    package static let channels = 1_024
    /// The maximum number of bytes in all names and values of an entry.
    package static let entry = 1024 * 1024
    /// The number of bytes that a dead letter keeps of a value that is too long, or of every value if the entry as a
    /// whole is too large.
    package static let deadValue = 256
    /// The number of bytes that a dead letter keeps of a value once the dead letters take most of the memory that they may
    /// take.
    package static let deadValueWhenFull = 4_096
    /// The default of the maximum number of bytes that the dead letters of a partition take: 64 MiB.
    package static let deadLetterBytes = 64 << 20
    /// The approximate maximum number of dead letters per partition. Later ones replace the oldest.
    package static let deadLetters = 100_000
    /// The maximum number of trials of a search.
    package static let trials = 1_000_000
    /// The maximum number of points that clients enqueue for a search.
    package static let points = 1_000
    /// The maximum number of values of a point that clients enqueue.
    package static let pointValues = 1_000
    /// The maximum number of bytes in the texts of all points that clients enqueue for a search.
    package static let pointBytes = 1024 * 1024
    /// The range of the attempts of a trial.
    package static let attempts = 1...100
    /// The range of the lease of a trial in milliseconds: a second to 30 days.
    package static let lease = 1_000...2_592_000_000
    /// The range of the epochs of a full training, for the rule that stops bad trials.
    package static let stoppingEpochs = 2...1_000_000
    /// The range of the ratio of the epochs of two rungs.
    package static let stoppingFactor = 2...100
    /// The maximum number of hyper-parameters whose distributions are in the hash of a search.
    package static let searchSpaces = 1_024
    /// The approximate maximum number of entries in the history of a search. Later ones replace the oldest.
    package static let trialHistory = 100_000
    /// The highest epoch, version and sequence number, and the latest time in milliseconds: the highest integer that a
    /// double represents exactly together with all lower ones.
    package static let integer: Int64 = 1 << 53 - 1
    /// The earliest time of an event that is plausible, in Unix milliseconds: the start of the year 2000.
    package static let earliestTime: Int64 = 946_684_800_000
    /// The time by which an event may be ahead of its entry's id, in milliseconds: a day.
    package static let maxTimeAhead: Int64 = 86_400_000
}
