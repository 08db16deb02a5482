import Foundation
import Glibc
import Hypero
import Synchronization
import TestSupport

/// What a log call costs while Redis is killed and started again every second, beside the same loop without it.
///
/// Each turn of the loop takes the time around nothing and then around a log call, so that whatever the machine does to
/// the thread it does to both alike. Prints percentiles in nanoseconds, and how many took more than a millisecond.
@main
enum LogLatency {
    static func main() throws {
        let seconds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
        let folder = try TemporaryFolder()
        setenv("HYPERO_JOURNAL", folder.file("journal"), 1)
        let server = try RedisServer(appendOnly: false)
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--lease", "1", "--log-level", "error"])
        let hypero = try Hypero.connect(server.url)
        let experiment = hypero.battery("latency").experiment()

        let isOver = Atomic<Bool>(false)
        let kills = Atomic<Int>(0)
        nonisolated(unsafe) var calm = Samples(seconds * 50_000)
        nonisolated(unsafe) var killed = Samples(seconds * 50_000)
        // A warm-up, a time of calm, and then the kills.
        _ = measure(experiment, until: deadline(in: 1), into: &calm)
        calm.removeAll()
        let calmEmpty = measure(experiment, until: deadline(in: seconds / 4), into: &calm)
        let killer = Thread {
            while !isOver.load(ordering: .acquiring) {
                usleep(900_000)
                server.kill()
                usleep(100_000)
                try? server.restart()
                kills.add(1, ordering: .relaxed)
            }
        }
        killer.start()
        let killedEmpty = measure(experiment, until: deadline(in: seconds), into: &killed)
        isOver.store(true, ordering: .releasing)

        print("nanoseconds                  p50     p99   p99.9    p99.99       max  above 1 ms  of calls")
        calmEmpty.report("calm, nothing")
        calm.report("calm, log call")
        killedEmpty.report("kills, nothing")
        killed.report("kills, log call")
        let counters = hypero.counters
        print(
            "\(kills.load(ordering: .relaxed)) kills of Redis; \(counters.accepted) accepted, \(counters.dropped.total) dropped"
        )
        hypero.close(timeout: .seconds(5))
        ingest.kill()
    }

    private static func deadline(in seconds: Int) -> Int64 { now() + Int64(seconds) * 1_000_000_000 }

    /// - Returns: the samples of nothing.
    private static func measure(_ experiment: Experiment, until deadline: Int64, into samples: inout Samples) -> Samples
    {
        var nothing = Samples(samples.capacity)
        var epoch = 0
        while true {
            let first = now()
            let second = now()
            experiment.log(epoch: epoch, train: 0.91, valid: 0.8, test: 0.79)
            let third = now()
            nothing.add(second - first)
            samples.add(third - second)
            guard third < deadline else { return nothing }
            epoch += 1
            // About 30,000 rows a second: more than any training logs.
            let next = third + 30_000
            while now() < next {}
        }
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// Durations in nanoseconds; the memory is there from the start.
private struct Samples {
    let capacity: Int
    private var values: [Int64] = []

    init(_ capacity: Int) {
        self.capacity = capacity
        // Written once, so that no page fault falls into what is measured.
        values = Array(repeating: 0, count: capacity)
        values.removeAll(keepingCapacity: true)
    }

    mutating func add(_ value: Int64) {
        if values.count < capacity { values.append(value) }
    }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
    }

    func report(_ name: String) {
        let sorted = values.sorted()
        let shares = [0.5, 0.99, 0.999, 0.9999].map { sorted[min(Int(Double(sorted.count) * $0), sorted.count - 1)] }
        let columns = zip(shares + [sorted.last ?? 0], [8, 8, 8, 10, 10]).map { value, width in
            String(repeating: " ", count: max(0, width - String(value).count)) + String(value)
        }
        let slow = String(sorted.count { $0 > 1_000_000 })
        print(
            name.padding(toLength: 24, withPad: " ", startingAt: 0) + columns.joined()
                + String(repeating: " ", count: max(0, 12 - slow.count)) + slow + "  \(sorted.count)")
    }
}
