// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Hypero
import HyperoSchema

/// Records channels and their values, if there are any.
private func record(
    _ experiment: OpaquePointer?, _ channels: UnsafePointer<UnsafePointer<CChar>?>?, _ values: UnsafePointer<Double>?,
    _ count: Int, _ record: (Experiment, CStringRow) -> Bool
) -> hypero_status {
    ExperimentHandle.with(experiment) { handle in
        guard let channels, let values else { return invalid("channels or values is NULL") }
        if let violation = MaximumCount.violation(count, of: "count", atMost: MaximumCount.channels) {
            return invalid(violation)
        }
        return status(
            ofRecorded: record(handle.experiment, CStringRow(channels: channels, values: values, count: count)))
    }
}

/// Records the values of one epoch: `count` channels and their values.
@c @implementation
public func hypero_experiment_log(
    _ experiment: OpaquePointer?, _ epoch: Int64, _ channels: UnsafePointer<UnsafePointer<CChar>?>?,
    _ values: UnsafePointer<Double>?, _ count: Int
) -> hypero_status {
    record(experiment, channels, values, count) { $0.record(epoch: Int(epoch), row: $1) }
}

/// Records the maxima, the values at the best epoch, of a training that determines them itself.
@c @implementation
public func hypero_experiment_maxima(
    _ experiment: OpaquePointer?, _ epoch: Int64, _ channels: UnsafePointer<UnsafePointer<CChar>?>?,
    _ values: UnsafePointer<Double>?, _ count: Int
) -> hypero_status {
    record(experiment, channels, values, count) { $0.recordMaxima(epoch: epoch < 0 ? nil : Int(epoch), row: $1) }
}

/// Records whole learning curves: of each of `count` channels the values of the epochs first, first + 1, ….
@c @implementation
public func hypero_experiment_curves(
    _ experiment: OpaquePointer?, _ first: Int64, _ channels: UnsafePointer<UnsafePointer<CChar>?>?,
    _ values: UnsafePointer<UnsafePointer<Double>?>?, _ lengths: UnsafePointer<Int>?, _ count: Int
) -> hypero_status {
    ExperimentHandle.with(experiment) { handle in
        guard let channels, let values, let lengths else { return invalid("channels, values or lengths is NULL") }
        if let violation = MaximumCount.violation(count, of: "count", atMost: MaximumCount.names) {
            return invalid(violation)
        }
        var curves: [(key: String, value: [Double])] = []
        for index in 0..<count {
            guard let channel = channels[index].flatMap({ String(validatingCString: $0) }) else {
                return invalid("the channel \(index) is NULL, or not UTF-8")
            }
            if let violation = MaximumCount.violation(
                lengths[index], of: "lengths[\(index)]", atMost: MaximumCount.values)
            {
                return invalid(violation)
            }
            guard lengths[index] == 0 || values[index] != nil else {
                return invalid("the values of the channel \(index) are NULL")
            }
            curves.append((channel, Array(UnsafeBufferPointer(start: values[index], count: lengths[index]))))
        }
        return status(ofRecorded: handle.experiment.record(curves, first: Int(first)))
    }
}
