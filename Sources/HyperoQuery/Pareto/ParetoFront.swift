/// The points of a set that no other point dominates.
///
/// A point dominates another one if it is at least as good by all criteria and better by one. Equal points do not dominate
/// each other.
enum ParetoFront {
    /// Returns the indexes of the front's points in ascending order.
    ///
    /// O(n log n) for up to three criteria, O(n log^(d-1) n) for d criteria, also if all points are on the front.
    ///
    /// - Parameter points: one array of numbers per point, all of the same length. Lower is better. A point with a number that
    ///   is nan or infinite is never on the front.
    static func indexes(of points: [[Double]]) -> [Int] {
        var order = points.indices.filter { points[$0].allSatisfy(\.isFinite) }
        // Lexicographic, so that no point is dominated by a later one.
        order.sort { points[$0].lexicographicallyPrecedes(points[$1]) }
        guard let first = order.first, !points[first].isEmpty else { return [] }
        // The places at which other points begin: equal ones are on the front together.
        var starts: [Int] = []
        for place in order.indices where place == 0 || points[order[place]] != points[order[place - 1]] {
            starts.append(place)
        }
        let search = FrontSearch(starts.map { points[order[$0]] })
        starts.append(order.count)
        return search.front().flatMap { order[starts[$0]..<starts[$0 + 1]] }.sorted()
    }
}
