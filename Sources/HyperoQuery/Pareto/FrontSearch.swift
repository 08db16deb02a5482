/// The search of the points that no other one dominates, among different points in lexicographic order.
///
/// No point is dominated by a later one, so that the first criterion needs no comparison with those before.
struct FrontSearch {
    private let count: Int
    private let dimension: Int
    /// The numbers of all points, one point after the other.
    private let numbers: [Double]

    /// - Parameter points: the points, each with the same number of criteria, at least one.
    init(_ points: [[Double]]) {
        count = points.count
        dimension = points.first?.count ?? 0
        numbers = Array(points.joined())
    }

    private func number(_ index: Int, _ criterion: Int) -> Double { numbers[index * dimension + criterion] }

    /// Returns the indexes of the points that no other one dominates.
    func front() -> [Int] {
        switch dimension {
        case 0: return []
        case 1: return Array(0..<min(count, 1))
        case 2: return frontOfTwo()
        case 3: return frontOfThree()
        default:
            var isDominated = Array(repeating: false, count: count)
            return front(of: 0..<count, &isDominated)
        }
    }

    /// Compares each point with the lowest second number before it.
    private func frontOfTwo() -> [Int] {
        var lowest = Double.infinity
        return (0..<count).filter { index in
            guard number(index, 1) < lowest else { return false }
            lowest = number(index, 1)
            return true
        }
    }

    /// Compares the third number of each point with the lowest one of those before it that have at most its second number.
    ///
    /// A binary indexed tree has the lowest third numbers of runs of second numbers (Fenwick 1994, "A new data structure for
    /// cumulative frequency tables").
    private func frontOfThree() -> [Int] {
        let ascending = (0..<count).sorted { number($0, 1) < number($1, 1) }
        var ranks = Array(repeating: 0, count: count)
        var rank = 0
        for (place, index) in ascending.enumerated() {
            if place == 0 || number(index, 1) != number(ascending[place - 1], 1) { rank += 1 }
            ranks[index] = rank
        }
        var lowest = Array(repeating: Double.infinity, count: rank + 1)
        return (0..<count).filter { index in
            let value = number(index, 2)
            var node = ranks[index]
            while node > 0 {
                guard lowest[node] > value else { return false }
                node &= node - 1
            }
            node = ranks[index]
            while node <= rank {
                lowest[node] = min(lowest[node], value)
                node += node & -node
            }
            return true
        }
    }

    /// Returns the front of neighbours: that of their first half, and the part of that of the second half which the first one
    /// does not dominate.
    ///
    /// Source: Kung, Luccio and Preparata 1975, "On finding the maxima of a set of vectors".
    private func front(of range: Range<Int>, _ isDominated: inout [Bool]) -> [Int] {
        guard range.count > 1 else { return Array(range) }
        let middle = range.lowerBound + range.count / 2
        let first = front(of: range.lowerBound..<middle, &isDominated)
        let second = front(of: middle..<range.upperBound, &isDominated)
        mark(second, dominatedBy: first, from: 1, &isDominated)
        return first + second.filter { !isDominated[$0] }
    }

    /// The number of pairs that are compared one by one.
    private static let maxPairs = 1_024

    /// Marks those points that are dominated by one of others.
    ///
    /// - Parameters:
    ///   - others: points that are at least as good as each of the points by the criteria before `criterion`.
    ///   - criterion: the first criterion that is compared.
    private func mark(
        _ points: [Int], dominatedBy others: [Int], from criterion: Int, _ isDominated: inout [Bool]
    ) {
        let points = points.filter { !isDominated[$0] }
        guard !points.isEmpty, !others.isEmpty else { return }
        if points.count <= Self.maxPairs / others.count {
            for point in points {
                isDominated[point] = others.contains { other in
                    (criterion..<dimension).allSatisfy { number(other, $0) <= number(point, $0) }
                }
            }
        } else if criterion == dimension - 2 {
            sweep(points, dominatedBy: others, &isDominated)
        } else {
            let middle = middle(of: points, others, by: criterion)
            func below(_ index: Int) -> Bool { number(index, criterion) < middle }
            func above(_ index: Int) -> Bool { number(index, criterion) > middle }
            mark(points.filter(below), dominatedBy: others.filter(below), from: criterion, &isDominated)
            mark(points.filter(above), dominatedBy: others.filter(above), from: criterion, &isDominated)
            // At least as good by this criterion too.
            mark(
                points.filter { !below($0) }, dominatedBy: others.filter { !above($0) }, from: criterion + 1,
                &isDominated)
        }
    }

    /// Marks the points whose last two numbers are not below those of one of others.
    private func sweep(_ points: [Int], dominatedBy others: [Int], _ isDominated: inout [Bool]) {
        let criterion = dimension - 2
        func ascending(_ left: Int, _ right: Int) -> Bool { number(left, criterion) < number(right, criterion) }
        var remaining = others.sorted(by: ascending)[...]
        var lowest = Double.infinity
        for point in points.sorted(by: ascending) {
            while let other = remaining.first, number(other, criterion) <= number(point, criterion) {
                lowest = min(lowest, number(other, criterion + 1))
                remaining.removeFirst()
            }
            isDominated[point] = lowest <= number(point, criterion + 1)
        }
    }

    /// Returns a number near the median of the points' and the others' numbers, one of them.
    private func middle(of points: [Int], _ others: [Int], by criterion: Int) -> Double {
        let count = points.count + others.count
        let step = count / 64 + 1
        let sample = stride(from: 0, to: count, by: step).map { place in
            number(place < points.count ? points[place] : others[place - points.count], criterion)
        }.sorted()
        return sample[sample.count / 2]
    }
}
