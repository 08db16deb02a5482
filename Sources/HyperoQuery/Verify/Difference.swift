import HyperoSchema

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
        /// A key that holds a value of another type, so that it cannot be read.
        case types
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
    /// True if a rebuild corrects it, because the value follows from the experiments and their learning curves.
    public let isDerivable: Bool

    init(
        check: Check, partition: String, battery: String?, experiment: String?, key: String, field: String? = nil,
        expected: String? = nil, found: String? = nil, message: String, isDerivable: Bool = false
    ) {
        self.check = check
        self.partition = partition
        self.battery = battery
        self.experiment = experiment
        self.key = key
        self.field = field
        self.expected = expected
        self.found = found
        self.message = message
        self.isDerivable = isDerivable
    }

    /// The field for a table: of a ranking its channel instead of the experiment, and nil for a member that another column has.
    var shownField: String? {
        if check == .rankings, experiment != nil, let battery {
            return key.dropping(prefix: "\(partition):battery:\(battery):rank:") ?? field
        }
        return field == experiment || field == battery ? nil : field
    }
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
