/// How long to wait before trying again: full jitter, so that those who lost a server together do not return together.
///
/// Source: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
enum Backoff {
    static let first: Duration = .milliseconds(50)
    static let longest: Duration = .seconds(10)

    /// - Parameters:
    ///   - failures: how many in a row, from 1.
    ///   - jitter: uniform in 0..<1.
    static func delay(after failures: Int, jitter: Double) -> Duration {
        min(longest, first * (1 << min(max(failures - 1, 0), 10))) * jitter
    }
}
