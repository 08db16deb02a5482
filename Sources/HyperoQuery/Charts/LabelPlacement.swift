/// The placement of labels beside the ends of curves.
package enum LabelPlacement {
    /// Returns positions that are near the wanted ones, at least a distance apart and within bounds.
    ///
    /// The labels keep the order of their wanted positions. Each group of labels that would overlap is centred on its wanted
    /// positions.
    ///
    /// - Parameters:
    ///   - wanted: one position per label.
    ///   - distance: the least distance between two labels, greater than 0.
    ///   - bounds: the first and the last allowed position. If not all labels fit, the last ones are beyond the end.
    package static func spread(_ wanted: [Double], distance: Double, within bounds: ClosedRange<Double>) -> [Double] {
        struct Group {
            /// The sum of the wanted positions, each less its offset in the group.
            var sum: Double
            var members: [Int]
        }
        func start(of group: Group) -> Double {
            let length = Double(group.members.count - 1) * distance
            let middle = group.sum / Double(group.members.count)
            return max(min(middle, bounds.upperBound - length), bounds.lowerBound)
        }
        var groups: [Group] = []
        for index in wanted.indices.sorted(by: { (wanted[$0], $0) < (wanted[$1], $1) }) {
            groups.append(Group(sum: wanted[index], members: [index]))
            while groups.count > 1 {
                let (last, previous) = (groups[groups.count - 1], groups[groups.count - 2])
                let length = Double(previous.members.count) * distance
                guard start(of: last) < start(of: previous) + length else { break }
                groups.removeLast()
                groups[groups.count - 1].sum += last.sum - Double(last.members.count) * length
                groups[groups.count - 1].members += last.members
            }
        }
        var positions = wanted
        for group in groups {
            for (offset, index) in group.members.enumerated() {
                positions[index] = start(of: group) + Double(offset) * distance
            }
        }
        return positions
    }
}
