/// The targets for a machine with two cores.
enum Targets {
    /// Nanoseconds per log call without the clock, with Redis up, down or restarting.
    static let logMedian = Target.atMost(60)
    static let logP99 = Target.atMost(250)
    static let logP999 = Target.atMost(2_000)
    /// Nanoseconds per log call without the clock, with four threads.
    static let logMedianOfFour = Target.atMost(200)
    static let logP999OfFour = Target.atMost(5_000)

    /// Ratio to the rate of redis-benchmark.
    static let send = Target.atLeast(0.95, of: .ratio)

    /// Events per second from a backlog.
    static let applyRows = Target.atLeast(150_000)
    static let applyStarts = Target.atLeast(60_000)
    /// Ratio to the rate of the same commands.
    static let applyFleet = Target.atLeast(0.8, of: .ratio)
    /// Microseconds of the main thread of Redis per event.
    static let applyRowsCPU = Target.atMost(4.5)
    /// Percent of the time that the main thread of Redis works while a backlog drains.
    static let redisBusy = Target.atLeast(90)
    /// Milliseconds until Redis replies to another client while a backlog drains, 99th percentile.
    static let heartbeatP99 = Target.atMost(10)

    /// Events per second from `log` to the indexes.
    static let sustained = Target.atLeast(100_000)
    /// Milliseconds from `log` to the ranking at 20,000 events per second, 99th percentile.
    static let visibleP99 = Target.atMost(10)

    /// Milliseconds of `hypero-query rank` among a million experiments.
    static let rankMillion = Target.atMost(8)
    /// Ratio to the time of redis-cli with the ZREVRANGE of the ranking.
    static let rankMillionRatio = Target.atMost(1.2, of: .ratio)

    /// Milliseconds of `hypero-query rank --where` with a condition that 1 of 100 of a million experiments fulfils.
    static let whereMillion = Target.atMost(100)
    /// Ratio of an export of a million experiments to a Python script that reads the same hashes, and its peak memory in MiB.
    static let exportRatio = Target.atMost(1, of: .ratio)
    static let exportMemory = Target.atMost(100)
    /// Seconds of `hypero-query importance` of 100,000 experiments.
    static let importance = Target.atMost(2)

    /// Bytes of Redis memory per experiment with 10 parameters and 3 maxima.
    static let experimentBytes = Target.atMost(900)
    /// Bytes of Redis memory per row of three channels.
    static let rowBytes = Target.atMost(40)
    /// Peak memory in MiB.
    static let clientMemory = Target.atMost(8)
    static let ingestMemory = Target.atMost(150)

    /// Milliseconds of processor time for a suggestion of ten hyper-parameters.
    static let suggestion = Target.atMost(5)

    /// Events lost to SIGKILL.
    static let lost = Target.atMost(0)
}
