import Glibc
import Synchronization
import TestSupport

/// The progress of a run, in memory that the watcher and its workers share through a file.
///
/// The words of the file are atomic: the next input, the number of inputs, and for each lane of each worker the input that
/// it runs (plus 1; 0 for none) and the time of its start in nanoseconds.
struct Progress: @unchecked Sendable {
    // The memory stays mapped until the process ends, and every access is atomic.
    private let words: UnsafeMutablePointer<Atomic<Int>>

    private static let header = 2
    private static let wordsPerLane = 2
    static let maxLanes = 64
    private static let size = (header + wordsPerLane * maxLanes) * 8

    /// Maps the file at a path, which is created if it does not exist.
    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(Self.size)) == 0 else {
            throw TestFailure(systemCall: "open or ftruncate of \(path)")
        }
        defer { close(descriptor) }
        let base = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw TestFailure(systemCall: "mmap of \(path)") }
        words = base.assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// The number of inputs that were started or skipped.
    var next: Int { min(words[0].load(ordering: .relaxed), count) }

    var count: Int {
        get { words[1].load(ordering: .relaxed) }
        nonmutating set { words[1].store(newValue, ordering: .releasing) }
    }

    /// Takes the next input; nil if there is none left.
    func take() -> Int? {
        let index = words[0].add(1, ordering: .acquiringAndReleasing).oldValue
        return index < count ? index : nil
    }

    /// Records the start or the end of an input in a lane.
    func set(_ index: Int?, in lane: Int) {
        words[Self.header + 2 * lane + 1].store(Self.now, ordering: .releasing)
        words[Self.header + 2 * lane].store(index.map { $0 + 1 } ?? 0, ordering: .releasing)
    }

    /// The input that a lane runs and the time since its start; nil if the lane runs none.
    func current(in lane: Int) -> (index: Int, elapsed: Duration)? {
        let start = words[Self.header + 2 * lane + 1].load(ordering: .acquiring)
        let value = words[Self.header + 2 * lane].load(ordering: .acquiring)
        return value > 0 ? (value - 1, .nanoseconds(Self.now - start)) : nil
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
