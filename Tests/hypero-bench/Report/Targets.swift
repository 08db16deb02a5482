/// What is to be reached on a two-core machine; the one place where the numbers stand.
enum Targets {
    /// Nanoseconds of a log call less the clock, Redis up or down or restarting.
    static let logMedian = Target.atMost(60)
    static let logP99 = Target.atMost(250)
    static let logP999 = Target.atMost(2_000)
    /// Nanoseconds of a log call less the clock, of four threads at once.
    static let logMedianOfFour = Target.atMost(200)

    /// Of the rate of redis-benchmark.
    static let send = Target.atLeast(0.95, of: .ratio)

    /// Events a second from a backlog.
    static let applyRows = Target.atLeast(150_000)
    static let applyStarts = Target.atLeast(60_000)
    /// Microseconds of Redis' main thread an event.
    static let applyRowsCPU = Target.atMost(4.5)
    /// Percent of the time that Redis' main thread works while a backlog drains.
    static let redisBusy = Target.atLeast(90)
    /// Milliseconds in which Redis answers others while a backlog drains, 99 of 100 times.
    static let heartbeatP99 = Target.atMost(10)

    /// Events a second from `log` to the indexes.
    static let sustained = Target.atLeast(100_000)
    /// Milliseconds from `log` to the ranking at 20,000 events a second, 99 of 100 times.
    static let visibleP99 = Target.atMost(10)

    /// Milliseconds of `hypero-query rank` among a million experiments.
    static let rankMillion = Target.atMost(8)
    /// Of the time of redis-cli doing the bare ZREVRANGE.
    static let rankMillionRatio = Target.atMost(1.2, of: .ratio)

    /// Bytes of Redis' memory an experiment with 10 parameters and 3 maxima.
    static let experimentBytes = Target.atMost(900)
    /// Bytes of Redis' memory a row of three channels.
    static let rowBytes = Target.atMost(40)
    /// MiB.
    static let clientMemory = Target.atMost(8)
    static let ingestMemory = Target.atMost(150)

    /// Events lost to SIGKILL.
    static let lost = Target.atMost(0)
}
