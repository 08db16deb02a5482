/// How large everything is.
struct Plan {
    /// Sizes are divided by this: 1 for figures, more to see that the benchmark works.
    let divisor: Int
    /// Events of a backlog, and of what is sent.
    let events: Int
    /// Experiments of the backlog of rows.
    let experiments: Int

    /// How often what varies is measured.
    var repetitions: Int { divisor == 1 ? 3 : 1 }

    /// A size that is so large in a whole run.
    func divided(_ size: Int, atLeast least: Int = 1) -> Int { max(size / divisor, least) }

    /// A time that is so long in a whole run.
    func divided(_ duration: Duration, atLeast least: Duration = .milliseconds(200)) -> Duration {
        max(duration / divisor, least)
    }
}
