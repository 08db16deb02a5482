/// The sizes of a benchmark run.
struct Plan {
    /// The divisor of all sizes: 1 for valid figures, more for a quick check that the benchmark works.
    let divisor: Int
    /// Events of a backlog, and events that a client sends.
    let events: Int
    /// Experiments in the backlog of rows.
    let experiments: Int
    /// The path of a Python that has optuna; nil for that of `Scripts/bench peers`, if there is one.
    var python: String?

    /// The seeds of each search.
    var searchSeeds: Int { divisor == 1 ? 20 : 3 }

    /// The number of repetitions of a measurement that varies.
    var repetitions: Int { divisor == 1 ? 3 : 1 }

    /// Divides a size of a full run.
    func divided(_ size: Int, atLeast minimum: Int = 1) -> Int { max(size / divisor, minimum) }

    /// Divides a duration of a full run.
    func divided(_ duration: Duration, atLeast minimum: Duration = .milliseconds(200)) -> Duration {
        max(duration / divisor, minimum)
    }
}
