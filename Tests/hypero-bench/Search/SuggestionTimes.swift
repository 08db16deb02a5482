import Glibc
import HyperoSchema
import HyperoSearch
import TestSupport

/// The cost of a suggestion of ten numbers.
struct SuggestionTimes {
    /// The processor time in milliseconds: the median of a suggestion for a whole trial.
    let suggestion: Double
    /// The processor time in microseconds of the record of one trial in the history.
    let record: Double

    private static let names = (0..<10).map { "x\($0)" }
    private static let distribution = Distribution.uniform(low: 0, high: 1)

    init(past: Int, repetitions: Int) {
        var history = SearchHistory(direction: .min)
        let trials = (0..<past).map { number in
            Self.trial(number, PriorSampler(seed: 0, trial: UInt64(number)).value)
        }
        let start = Self.threadTime
        for trial in trials { history.record(trial) }
        record = (Self.threadTime - start) * 1e6 / Double(past)
        var times: [Double] = []
        for number in past..<past + repetitions {
            let start = Self.threadTime
            let sampler = TPESampler(seed: 1, trial: UInt64(number), history: history)
            let trial = Self.trial(number, sampler.value)
            times.append((Self.threadTime - start) * 1e3)
            history.record(trial)
        }
        suggestion = times.median
    }

    private static func trial(_ number: Int, _ draw: (String, Distribution) -> DrawnValue) -> PastTrial {
        var sum = 0.0
        let parameters = names.map { name in
            let value = draw(name, distribution)
            if case .number(let number) = value { sum += number * number }
            return PastTrial.Parameter(name, distribution, value)
        }
        return PastTrial(number: number, .finished(value: sum), parameters)
    }

    /// The processor time of this thread, in seconds.
    private static var threadTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
