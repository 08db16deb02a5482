extension Array where Element == Double {
    /// The middle one; of an even number the mean of the two in the middle; nan of none.
    var median: Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
