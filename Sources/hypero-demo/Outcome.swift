/// How one experiment ended.
struct Outcome: Sendable, Equatable {
    enum Status: String, Sendable, CaseIterable {
        case done, failed, stopped
    }

    let experiment: String
    let status: Status
    /// The best valid accuracy and the test accuracy of the same epoch; nil when no epoch was finished.
    let best: Best?

    struct Best: Sendable, Equatable {
        let valid: Double
        let test: Double
    }
}
