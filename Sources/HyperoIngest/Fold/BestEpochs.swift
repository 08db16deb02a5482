import HyperoSchema

/// The epochs of a curve ordered by their objective: a binary heap with the best epoch first.
///
/// The heap is built from all rows when the best row of a curve gets worse, and every later change is inserted. A curve
/// that is rewritten from its start then costs logarithmic time per epoch, and not a scan of all rows. If a row
/// changes, its earlier entry remains in the heap, so the caller must compare the best entry with its row.
struct BestEpochs {
    struct Entry: Hashable {
        let epoch: Int
        /// The objective's value; always finite.
        let value: Double
    }

    private let direction: Direction
    private var heap: [Entry] = []

    init(_ direction: Direction) {
        self.direction = direction
    }

    var best: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, isBetter(heap[child], than: heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeBest() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var best = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBetter(heap[child], than: heap[best]) {
                best = child
            }
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
