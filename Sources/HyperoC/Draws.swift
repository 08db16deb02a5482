// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Hypero
import HyperoSchema

/// Draws a hyper-parameter, if the arguments of its distribution are valid.
private func draw<Result>(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, from distribution: Distribution,
    into result: UnsafeMutablePointer<Result>?, _ draw: (Experiment, String) -> Result
) -> hypero_status {
    ExperimentHandle.with(experiment) { handle in
        TextArgument.with(name, as: "name") { name in
            guard let result else { return invalid("the result is NULL") }
            if let violation = distribution.violation {
                return invalid("hyper-parameter \"\(printable(name))\": \(violation)")
            }
            result.pointee = draw(handle.experiment, name)
            return HYPERO_OK
        }
    }
}

/// Draws a hyper-parameter from the uniform distribution over low...high.
@c @implementation
public func hypero_experiment_uniform(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ low: Double, _ high: Double,
    _ value: UnsafeMutablePointer<Double>?
) -> hypero_status {
    draw(experiment, name, from: .uniform(low: low, high: high), into: value) { $0.uniform($1, low, high) }
}

/// Draws a hyper-parameter from low...high, uniformly in the logarithm.
@c @implementation
public func hypero_experiment_log_uniform(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ low: Double, _ high: Double,
    _ value: UnsafeMutablePointer<Double>?
) -> hypero_status {
    draw(experiment, name, from: .logUniform(low: low, high: high), into: value) { $0.logUniform($1, low, high) }
}

/// Draws a hyper-parameter from the normal distribution.
@c @implementation
public func hypero_experiment_normal(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ mean: Double, _ deviation: Double,
    _ value: UnsafeMutablePointer<Double>?
) -> hypero_status {
    draw(experiment, name, from: .normal(mean: mean, standardDeviation: deviation), into: value) {
        $0.normal($1, mean: mean, standardDeviation: deviation)
    }
}

/// Draws a hyper-parameter, an integer from low...high, all equally likely.
@c @implementation
public func hypero_experiment_randint(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ low: Int64, _ high: Int64,
    _ value: UnsafeMutablePointer<Int64>?
) -> hypero_status {
    draw(experiment, name, from: .randint(low: Int(low), high: Int(high)), into: value) {
        Int64($0.randint($1, Int(low), Int(high)))
    }
}

/// Draws the index of one of `count` categories, which are JSON texts.
@c @implementation
public func hypero_experiment_categorical(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ json: UnsafePointer<UnsafePointer<CChar>?>?,
    _ weights: UnsafePointer<Double>?, _ count: Int, _ index: UnsafeMutablePointer<Int>?
) -> hypero_status {
    guard let json, count != 0 else { return invalid("a draw of categories needs at least one") }
    if let violation = MaximumCount.violation(count, of: "count", atMost: MaximumCount.categories) {
        return invalid(violation)
    }
    var values: [Value] = []
    for index in 0..<count {
        let status = withJSON(json[index], as: "the category \(index)") { value in
            values.append(value)
            return HYPERO_OK
        }
        guard status == HYPERO_OK else { return status }
    }
    let given = weights.map { Array(UnsafeBufferPointer(start: $0, count: count)) }
    let distribution = Distribution.categorical(choices: values, weights: given)
    return draw(experiment, name, from: distribution, into: index) { $0.drawCategory($1, values, weights: given) }
}
