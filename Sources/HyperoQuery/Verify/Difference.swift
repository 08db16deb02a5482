/// A difference between the keys of Redis that must agree.
public struct Difference: Sendable, Hashable {
    /// The agreement that was checked.
    public enum Check: String, Sendable, Hashable, CaseIterable {
        /// The list of batteries and their hashes.
        case batteries
        /// The list of a battery's experiments and their hashes.
        case experiments
        /// A ranking and the values in the hashes.
        case rankings
        /// The values at the best epoch and the learning curve.
        case maxima
        /// The list of columns and the fields of the hashes.
        case columns
        /// Keys of a battery or an experiment that does not exist.
        case remains
        /// The expiry of a producer's key or of a deleted id.
        case expiry
    }

    /// The agreement that was checked.
    public let check: Check
    /// The hash tag of the partition.
    public let partition: String
    /// The id of the battery; nil if the difference is of none.
    public let battery: String?
    /// The id of the experiment; nil if the difference is of none.
    public let experiment: String?
    /// The key that differs.
    public let key: String
    /// The field of the key, if it is a hash, or the member, if it is a sorted set; nil for the key as a whole.
    public let field: String?
    /// The value that it must have; nil if it must be absent, or if the value is not known.
    public let expected: String?
    /// The value that it has; nil if it is absent.
    public let found: String?
    /// The difference in a sentence without a full stop.
    public let message: String
}

/// The result of a verification.
public struct Verification: Sendable, Hashable {
    /// The differences, at most as many as the limit.
    public let differences: [Difference]
    /// True if the verification has ended at the limit, so that there may be further differences.
    public let isLimited: Bool
    /// The number of batteries that were checked.
    public let batteryCount: Int
    /// The number of experiments that were checked.
    public let experimentCount: Int
    /// The number of rankings that were checked, those of all partitions together.
    public let rankingCount: Int
    /// The number of producers whose expiry was checked.
    public let producerCount: Int
    /// The values that could not be checked, one sentence each.
    public let warnings: [String]
}
