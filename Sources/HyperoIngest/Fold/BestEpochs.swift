import HyperoSchema

/// The epochs of a curve by how good their objective is: a binary heap, the best epoch on top.
///
/// It is made when the best row of a curve gets worse, from all rows, and then told of every change, so that a curve that
/// is written again from its start costs a logarithm an epoch and not a look at every row. An entry whose row was
/// changed later stays in the heap; who takes the top compares it with the row.
struct BestEpochs {
    struct Entry: Hashable {
        let epoch: Int
        /// Finite.
        let value: Double
    }

    private let direction: Direction
    private var heap: [Entry] = []

    init(_ direction: Direction) {
        self.direction = direction
    }

    var top: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, isBetter(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeTop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var best = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBetter(heap[child], heap[best])
            {
                best = child
            }
            guard best != parent else { return }
            heap.swapAt(best, parent)
            parent = best
        }
    }

    private func isBetter(_ left: Entry, _ right: Entry) -> Bool {
        Self.isBetter(left, right, direction)
    }

    /// Whether the first is the better epoch; of equal values the lower epoch is.
    static func isBetter(_ left: Entry, _ right: Entry, _ direction: Direction) -> Bool {
        left.value == right.value ? left.epoch < right.epoch : direction.prefers(left.value, over: right.value)
    }
}
