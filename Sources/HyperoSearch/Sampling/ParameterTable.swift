import HyperoSchema

/// The hyper-parameters of the past trials, each with its distribution, so that a trial refers to them by index.
///
/// A name with several distributions has several entries, for example after a change of bounds.
struct ParameterTable: Sendable {
    struct Parameter: Hashable {
        let name: ExactText
        let distribution: Distribution
    }

    private(set) var parameters: [Parameter] = []
    /// The axis of each hyper-parameter; nil for one that has no axis.
    private(set) var axes: [ParameterAxis?] = []
    private var indexes: [Parameter: Int] = [:]

    var count: Int { parameters.count }

    /// Returns the index of a hyper-parameter, which is inserted if the table lacks it.
    mutating func index(of parameter: Parameter) -> Int {
        if let index = indexes[parameter] { return index }
        let index = parameters.count
        parameters.append(parameter)
        axes.append(ParameterAxis(parameter.distribution))
        indexes[parameter] = index
        return index
    }

    /// Returns the indexes of a name's hyper-parameters.
    func indexes(of name: ExactText) -> [Int] { parameters.indices.filter { parameters[$0].name == name } }
}
