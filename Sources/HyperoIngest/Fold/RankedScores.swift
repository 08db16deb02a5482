/// Numbers with the rank of each, the lowest first: a tree of short sorted arrays.
///
/// A change and a search take the logarithm of the count in steps. Copies share the nodes that a change does not touch, because a
/// copy stays in the cache while a batch is folded.
struct RankedScores: Sendable {
    private var root = Node()

    /// The number of scores.
    var count: Int { root.count }

    /// Returns the number of scores that are lower than a number.
    func rank(of score: Double) -> Int { root.rank(of: score) }

    /// Adds a score.
    mutating func insert(_ score: Double) {
        root.insert(score)
        guard let upper = root.splitIfFull() else { return }
        root = Node(children: [root, upper])
    }

    /// Removes one of the scores that are equal to a number, if there is one.
    mutating func remove(_ score: Double) {
        _ = root.remove(score)
        while root.children.count == 1 { root = root.children[0] }
    }
}

/// A leaf has scores, and any other node has children.
private struct Node: Sendable {
    /// The scores of a leaf, ascending; the lowest score of each child of another node.
    private(set) var scores: [Double] = []
    private(set) var children: [Node] = []
    /// The number of scores of all leaves.
    private(set) var count = 0

    private static let maxCount = 64

    init() {}

    private init(scores: [Double]) {
        self.scores = scores
        count = scores.count
    }

    init(children: [Node]) {
        self.children = children
        scores = children.map { $0.scores[0] }
        count = children.reduce(0) { $0 + $1.count }
    }

    func rank(of score: Double) -> Int {
        WorkCounter.count(1)
        let index = firstIndex(notBefore: score)
        guard !children.isEmpty, index > 0 else { return index }
        // The scores of the children before the last of these are lower, too.
        WorkCounter.count(1)
        return children[..<(index - 1)].reduce(0) { $0 + $1.count } + children[index - 1].rank(of: score)
    }

    mutating func insert(_ score: Double) {
        WorkCounter.count(1)
        count += 1
        let index = firstIndex(notBefore: score)
        guard !children.isEmpty else { return scores.insert(score, at: index) }
        let child = max(index - 1, 0)
        children[child].insert(score)
        scores[child] = min(scores[child], score)
        guard let upper = children[child].splitIfFull() else { return }
        children.insert(upper, at: child + 1)
        scores.insert(upper.scores[0], at: child + 1)
    }

    /// - Returns: whether the score was found.
    mutating func remove(_ score: Double) -> Bool {
        WorkCounter.count(1)
        let index = firstIndex(notBefore: score)
        guard !children.isEmpty else {
            guard index < scores.count, scores[index] == score else { return false }
            scores.remove(at: index)
            count -= 1
            return true
        }
        // The first equal score is the lowest of a child, or in the child before it.
        for child in max(index - 1, 0)...min(index, children.count - 1) where children[child].remove(score) {
            count -= 1
            if children[child].count == 0 {
                children.remove(at: child)
                scores.remove(at: child)
            } else {
                scores[child] = children[child].scores[0]
            }
            return true
        }
        return false
    }

    /// Removes and returns the upper half of a node that is full; nil if it is not.
    mutating func splitIfFull() -> Node? {
        guard scores.count > Self.maxCount else { return nil }
        WorkCounter.count(1)
        let half = scores.count / 2
        let upper =
            children.isEmpty ? Node(scores: Array(scores[half...])) : Node(children: Array(children[half...]))
        scores.removeSubrange(half...)
        if !children.isEmpty { children.removeSubrange(half...) }
        count -= upper.count
        return upper
    }

    private func firstIndex(notBefore score: Double) -> Int {
        var (low, high) = (0, scores.count)
        while low < high {
            let middle = (low + high) / 2
            if scores[middle] < score { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
