import HyperoSchema

/// The epochs of a curve ordered by their objective: a binary heap with the best epoch first.
///
/// The heap is built from all rows when the best row of a curve gets worse, and every later change is inserted. A curve
/// that is rewritten from its start then costs logarithmic time per epoch, and not a scan of all rows. If a row
/// changes, its earlier entry remains in the heap, so the caller must compare the best entry with its row.
struct BestEpochs {
    struct Entry: Sendable, Hashable {
        let epoch: Int
        /// The objective's value; always finite.
        let value: Double
    }

    private let direction: Direction
    private var heap: [Entry]

    /// Builds the heap in linear time.
    init(_ entries: [Entry], direction: Direction) {
        self.direction = direction
        heap = entries
        for index in (0..<heap.count / 2).reversed() { sink(from: index) }
    }

    var best: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, isBetter(heap[child], than: heap[(child - 1) / 2]) {
            WorkCounter.count(1)
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeBest() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        sink(from: 0)
    }

    private mutating func sink(from index: Int) {
        var parent = index
        while true {
            WorkCounter.count(1)
            var best = parent
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            if left < heap.count, isBetter(heap[left], than: heap[best]) { best = left }
            if right < heap.count, isBetter(heap[right], than: heap[best]) { best = right }
            guard best != parent else { return }
            heap.swapAt(best, parent)
            parent = best
        }
    }

    private func isBetter(_ entry: Entry, than other: Entry) -> Bool {
        Self.isBetter(entry, than: other, direction: direction)
    }

    /// Returns whether an epoch is better than another; of equal values, the lower epoch is better.
    static func isBetter(_ entry: Entry, than other: Entry, direction: Direction) -> Bool {
        entry.value == other.value ? entry.epoch < other.epoch : direction.prefers(entry.value, over: other.value)
    }
}
