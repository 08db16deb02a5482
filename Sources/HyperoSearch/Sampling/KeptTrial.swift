import HyperoSchema

/// A past trial in the memory of a ``SearchHistory``.
struct KeptTrial: Sendable {
    /// The value of a hyper-parameter.
    struct Point: Sendable {
        /// The index of the hyper-parameter in the ``ParameterTable``.
        var parameter: Int
        let value: DrawnValue
        /// The coordinate of the value on the axis of its distribution; nan if the axis has no such value.
        let coordinate: Double
    }

    let number: Int
    /// The values, in the order of their indexes.
    private(set) var points: [Point]

    init(_ trial: PastTrial, _ table: inout ParameterTable) {
        number = trial.number
        points = []
        var names: Set<ExactText> = []
        for parameter in trial.parameters {
            let (name, distribution) = (parameter.name, parameter.distribution)
            // Of two with one name, the first one counts.
            guard names.insert(name).inserted else { continue }
            let index = table.index(of: ParameterTable.Parameter(name: name, distribution: distribution))
            let coordinate = table.axes[index]?.coordinate(of: parameter.value, from: distribution)
            points.append(Point(parameter: index, value: parameter.value, coordinate: coordinate ?? .nan))
        }
        points.sort { $0.parameter < $1.parameter }
    }

    /// Replaces the indexes of the hyper-parameters by those in another table.
    mutating func renumber(from old: ParameterTable, to new: inout ParameterTable) {
        for place in points.indices {
            points[place].parameter = new.index(of: old.parameters[points[place].parameter])
        }
        points.sort { $0.parameter < $1.parameter }
    }

    /// Returns the value of one of several hyper-parameters of one name; nil if the trial has none of them.
    func point(ofAny parameters: [Int]) -> Point? { points.first { parameters.contains($0.parameter) } }

    /// Appends the coordinates of hyper-parameters, one to each list, if the trial has a valid value of each.
    ///
    /// - Parameter parameters: Their indexes, in order.
    func appendCoordinates(of parameters: [Int], to lists: inout [[Double]]) {
        var place = 0
        for (found, parameter) in parameters.enumerated() {
            while place < points.count, points[place].parameter < parameter { place += 1 }
            guard place < points.count, points[place].parameter == parameter, !points[place].coordinate.isNaN else {
                for list in 0..<found { lists[list].removeLast() }
                return
            }
            lists[found].append(points[place].coordinate)
        }
    }
}
