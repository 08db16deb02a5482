// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Hypero
import HyperoSchema

/// The kind of record that a value belongs to.
private enum Subject {
    case parameter
    case meta
}

private func record(
    _ value: Value, of experiment: OpaquePointer?, as subject: Subject, _ name: UnsafePointer<CChar>?
) -> hypero_status {
    ExperimentHandle.with(experiment) { handle in
        TextArgument.with(name, as: "name") { name in
            switch subject {
            case .parameter: status(ofRecorded: handle.experiment.recordParameter(name, value))
            case .meta: status(ofRecorded: handle.experiment.recordMeta(name, value))
            }
        }
    }
}

private func record(
    text: UnsafePointer<CChar>?, of experiment: OpaquePointer?, as subject: Subject, _ name: UnsafePointer<CChar>?
) -> hypero_status {
    TextArgument.with(text, as: "value") { record(.string($0), of: experiment, as: subject, name) }
}

private func record(
    json: UnsafePointer<CChar>?, of experiment: OpaquePointer?, as subject: Subject, _ name: UnsafePointer<CChar>?
) -> hypero_status {
    withJSON(json, as: "json") { record($0, of: experiment, as: subject, name) }
}

/// Calls a function with the value of a JSON text.
func withJSON(
    _ text: UnsafePointer<CChar>?, as name: String, _ body: (Value) -> hypero_status
) -> hypero_status {
    TextArgument.with(text, as: name) { text in
        guard let value = Value(json: text) else { return invalid("\(name) is not JSON: \(printable(text))") }
        return body(value)
    }
}

/// Records a hyper-parameter: a number.
@c @implementation
public func hypero_experiment_param_double(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Double
) -> hypero_status {
    record(.number(value), of: experiment, as: .parameter, name)
}

/// Records a hyper-parameter: an integer.
@c @implementation
public func hypero_experiment_param_int(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Int64
) -> hypero_status {
    record(.integer(Int(value)), of: experiment, as: .parameter, name)
}

/// Records a hyper-parameter: a text.
@c @implementation
public func hypero_experiment_param_text(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> hypero_status {
    record(text: value, of: experiment, as: .parameter, name)
}

/// Records a hyper-parameter: a JSON text.
@c @implementation
public func hypero_experiment_param_json(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ json: UnsafePointer<CChar>?
) -> hypero_status {
    record(json: json, of: experiment, as: .parameter, name)
}

/// Records metadata: a number.
@c @implementation
public func hypero_experiment_meta_double(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Double
) -> hypero_status {
    record(.number(value), of: experiment, as: .meta, name)
}

/// Records metadata: an integer.
@c @implementation
public func hypero_experiment_meta_int(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: Int64
) -> hypero_status {
    record(.integer(Int(value)), of: experiment, as: .meta, name)
}

/// Records metadata: a text.
@c @implementation
public func hypero_experiment_meta_text(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> hypero_status {
    record(text: value, of: experiment, as: .meta, name)
}

/// Records metadata: a JSON text.
@c @implementation
public func hypero_experiment_meta_json(
    _ experiment: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ json: UnsafePointer<CChar>?
) -> hypero_status {
    record(json: json, of: experiment, as: .meta, name)
}
