// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Hypero
import HyperoSchema

/// Starts an experiment.
@c @implementation
public func hypero_experiment_start(
    _ battery: OpaquePointer?, _ experiment: UnsafeMutablePointer<OpaquePointer?>?
) -> hypero_status {
    guard let experiment else { return invalid("experiment is NULL") }
    experiment.pointee = nil
    return BatteryHandle.with(battery) { battery in
        experiment.pointee = ExperimentHandle(battery.battery.experiment()).retained()
        return HYPERO_OK
    }
}

/// Resumes an experiment that this or another process has started, for example from a checkpoint.
@c @implementation
public func hypero_experiment_resume(
    _ battery: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ from: Int64, _ attempt: Int64,
    _ experiment: UnsafeMutablePointer<OpaquePointer?>?
) -> hypero_status {
    guard let experiment else { return invalid("experiment is NULL") }
    experiment.pointee = nil
    return BatteryHandle.with(battery) { battery in
        TextArgument.with(id, as: "id") { id in
            guard from <= Limits.integer, attempt >= 0, attempt <= Limits.integer else {
                return invalid("from and attempt must be at most \(Limits.integer), and attempt not below 0")
            }
            if let obstacle = battery.battery.obstacle(toResuming: id) {
                return invalid("experiment not resumed: \(obstacle)")
            }
            let resumed = battery.battery.experiment(
                resuming: id, from: from < 0 ? nil : Int(from), attempt: attempt == 0 ? nil : Int(attempt))
            experiment.pointee = ExperimentHandle(resumed).retained()
            return HYPERO_OK
        }
    }
}

/// The id of a null handle.
nonisolated(unsafe) let noText: UnsafePointer<CChar>? = UnsafeRawPointer(("" as StaticString).utf8Start)
    .assumingMemoryBound(to: CChar.self)

/// The id of the experiment in Redis, for example "k3v9x2mq7d-17".
@c @implementation
public func hypero_experiment_id(_ experiment: OpaquePointer?) -> UnsafePointer<CChar>? {
    experiment.map { ExperimentHandle.object(of: $0).id.start } ?? noText
}

/// Returns 1 if this process has ended the experiment, else 0.
@c @implementation
public func hypero_experiment_has_ended(_ experiment: OpaquePointer?) -> CInt {
    experiment.map { ExperimentHandle.object(of: $0).experiment.hasEnded } == true ? 1 : 0
}

/// Ends the experiment with the status `done`.
@c @implementation
public func hypero_experiment_finish(_ experiment: OpaquePointer?) -> hypero_status {
    end(experiment, .done, reason: nil)
}

/// Ends the experiment with the status `failed`.
@c @implementation
public func hypero_experiment_fail(_ experiment: OpaquePointer?, _ reason: UnsafePointer<CChar>?) -> hypero_status {
    end(experiment, .failed, reason: reason)
}

/// Ends the experiment with the status `stopped`.
@c @implementation
public func hypero_experiment_stop(_ experiment: OpaquePointer?, _ reason: UnsafePointer<CChar>?) -> hypero_status {
    end(experiment, .stopped, reason: reason)
}

/// Ends a trial with the status `lost`: another process gets it.
@c @implementation
public func hypero_experiment_give_back(_ experiment: OpaquePointer?, _ reason: UnsafePointer<CChar>?) -> hypero_status
{
    ExperimentHandle.with(experiment) { handle in
        guard handle.experiment.trialNumber != nil else {
            return invalid("the experiment \(handle.experiment.id) is no trial of a search")
        }
        return end(experiment, .lost, reason: reason)
    }
}

/// Ends an experiment. A reason that is not UTF-8 is repaired: it must not keep the end from being recorded.
private func end(
    _ experiment: OpaquePointer?, _ status: ExperimentStatus, reason: UnsafePointer<CChar>?
) -> hypero_status {
    ExperimentHandle.with(experiment) {
        HyperoC.status(ofRecorded: $0.experiment.end(status, reason: reason.map { String(cString: $0) }))
    }
}

/// Frees the handle.
@c @implementation
public func hypero_experiment_free(_ experiment: OpaquePointer?) {
    ExperimentHandle.free(experiment)
}
