/// The points of a set that no other point dominates.
///
/// A point dominates another one if it is at least as good by all criteria and better by one. Equal points do not dominate
/// each other.
enum ParetoFront {
    /// Returns the indexes of the front's points in ascending order.
    ///
    /// O(n log n) for one and two criteria, by a sweep over the sorted points. For more, each point is compared with the front
    /// of those before it: O(n f) for a front of f points.
    ///
    /// - Parameter points: one array of numbers per point, all of the same length. Lower is better. A point with a number that
    ///   is nan or infinite is never on the front.
    static func indexes(of points: [[Double]]) -> [Int] {
        var order = points.indices.filter { points[$0].allSatisfy(\.isFinite) }
        // Lexicographic, so that no point is dominated by a later one.
        order.sort { points[$0].lexicographicallyPrecedes(points[$1]) }
        guard let first = order.first, !points[first].isEmpty else { return [] }
        return (points[first].count <= 2 ? swept(order, points) : compared(order, points)).sorted()
    }

    private static func swept(_ order: [Int], _ points: [[Double]]) -> [Int] {
        var front: [Int] = []
        for index in order {
            guard let last = front.last else {
                front.append(index)
                continue
            }
            let (point, best) = (points[index], points[last])
            // The last point of the front has the lowest second number of all points before.
            if point == best || point.count > 1 && point[1] < best[1] { front.append(index) }
        }
        return front
    }

    private static func compared(_ order: [Int], _ points: [[Double]]) -> [Int] {
        var front: [Int] = []
        for index in order {
            let point = points[index]
            let isDominated = front.contains { other in
                let other = points[other]
                return other != point && zip(other, point).allSatisfy { $0 <= $1 }
            }
            if !isDominated { front.append(index) }
        }
        return front
    }
}
