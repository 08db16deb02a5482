import Glibc
import HyperoCore
import HyperoRedis

extension Adoption {
    /// Goes through all journals there are.
    ///
    /// - Parameters:
    ///   - limit: gives up after that long; nil for never.
    ///   - progress: called every ten seconds of it.
    /// - Returns: whether it went through all.
    package mutating func run(atMost limit: Duration?, progress: (borrowing Adoption) -> Void) -> Bool {
        let deadline = limit.map { MonotonicTime.now + $0 }
        var nextProgress = MonotonicTime.now + Self.progressInterval
        while true {
            switch step() {
            case .idle: return true
            case .worked: break
            case .waiting: usleep(1_000)
            }
            if let deadline, .now >= deadline {
                giveUp()
                return false
            }
            guard .now >= nextProgress else { continue }
            nextProgress = .now + Self.progressInterval
            progress(self)
        }
    }

    private static var progressInterval: Duration { .seconds(10) }
}
