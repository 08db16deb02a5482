// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Glibc
import Hypero
import HyperoCore
import HyperoSchema

/// Makes the handle of a search.
@c @implementation
public func hypero_search_open(
    _ battery: OpaquePointer?, _ options: UnsafePointer<hypero_search_options>?,
    _ search: UnsafeMutablePointer<OpaquePointer?>?
) -> hypero_status {
    guard let search else { return invalid("search is NULL") }
    search.pointee = nil
    guard let options else { return invalid("options is NULL, and the number of trials must be set") }
    guard options.pointee.size >= MemoryLayout<Int>.size else {
        return invalid("the options have no size. Call hypero_search_options_init first")
    }
    var given = hypero_search_options()
    hypero_search_options_init(&given, MemoryLayout<hypero_search_options>.size)
    memcpy(&given, options, min(options.pointee.size, MemoryLayout<hypero_search_options>.size))
    return BatteryHandle.with(battery) { battery in
        TextArgument.withOptional(given.name, as: "name") { name in
            open(given, name: name ?? Event.Search.defaultName, of: battery, search)
        }
    }
}

private func open(
    _ options: hypero_search_options, name: String, of battery: BatteryHandle,
    _ search: UnsafeMutablePointer<OpaquePointer?>
) -> hypero_status {
    let samplers: [UInt32: Search.Sampler] = [HYPERO_TPE.rawValue: .tpe, HYPERO_RANDOM.rawValue: .random]
    guard let sampler = samplers[options.sampler.rawValue] else {
        return invalid("sampler must be HYPERO_TPE or HYPERO_RANDOM, not \(options.sampler.rawValue)")
    }
    let (epochs, first) = (
        Int(options.stopping_epochs), options.stopping_first == 0 ? nil : Int(options.stopping_first)
    )
    let factor = options.stopping_factor == 0 ? nil : Int(options.stopping_factor)
    // Before the rule: its default first rung is one epoch below.
    let hasRule = options.stopping == HYPERO_HALVING || options.stopping == HYPERO_MEDIAN
    guard !hasRule || Limits.stoppingEpochs.contains(epochs) else {
        return invalid(
            "the epochs of the stopping rule must be between \(Limits.stoppingEpochs.lowerBound) and "
                + "\(Limits.stoppingEpochs.upperBound), not \(epochs)")
    }
    let stopping: Search.Stopping?
    switch options.stopping {
    case HYPERO_NO_STOPPING: stopping = nil
    case HYPERO_HALVING: stopping = .halving(epochs: epochs, first: first, factor: factor)
    case HYPERO_MEDIAN:
        guard factor == nil else { return invalid("stopping_factor needs HYPERO_HALVING") }
        stopping = .median(epochs: epochs, first: first)
    default:
        return invalid(
            "stopping must be HYPERO_NO_STOPPING, HYPERO_HALVING or HYPERO_MEDIAN, not \(options.stopping.rawValue)")
    }
    guard stopping != nil || (epochs, first, factor) == (0, nil, nil) else {
        return invalid("stopping_epochs, stopping_first and stopping_factor need stopping")
    }
    let leases = Double(Limits.lease.lowerBound) / 1_000...Double(Limits.lease.upperBound) / 1_000
    guard leases.contains(options.lease) else {
        return invalid("the lease must be between 1 and \(Int(leases.upperBound)) s, not \(options.lease)")
    }
    let lease = Duration.milliseconds(Int64((options.lease * 1_000).rounded()))
    guard let id = SearchID("s00000000") else { return invalid("no search") }
    let declared = Event.Search(
        id: id, name: name, seed: options.seed, trials: Int(options.trials), sampler: sampler.rawValue,
        attempts: Int(options.attempts), lease: lease.wholeMilliseconds, stopping: stopping?.declared)
    if let violation = Event.Body.search(declared).violation { return invalid(violation) }
    let new = battery.battery.search(
        trials: Int(options.trials), seed: options.seed, name: name, sampler: sampler, stopping: stopping,
        attempts: Int(options.attempts), lease: lease)
    search.pointee = SearchHandle(new).retained()
    return HYPERO_OK
}

/// The id of the search in Redis, for example "s3f09c1aa".
@c @implementation
public func hypero_search_id(_ search: OpaquePointer?) -> UnsafePointer<CChar>? {
    search.map { SearchHandle.object(of: $0).id.start } ?? noText
}

/// Returns 1 once all trials are given out and none can be given again, else 0.
@c @implementation
public func hypero_search_is_finished(_ search: OpaquePointer?) -> CInt {
    search.map { SearchHandle.object(of: $0).search.isFinished } == true ? 1 : 0
}

/// Declares the search before its first trial.
@c @implementation
public func hypero_search_declare(_ search: OpaquePointer?) -> hypero_status {
    SearchHandle.with(search) { status(ofRecorded: $0.search.recordDeclaration()) }
}

/// Adds hyper-parameters that one of the next trials gets.
@c @implementation
public func hypero_search_enqueue_json(_ search: OpaquePointer?, _ json: UnsafePointer<CChar>?) -> hypero_status {
    SearchHandle.with(search) { search in
        withJSON(json, as: "json") { value in
            guard case .object(let members) = value, !members.isEmpty else {
                return invalid("a point must be a JSON object with at least one value")
            }
            let point = Dictionary(members.map { ($0.name, $0.value) }) { $1 }
            return status(ofRecorded: search.search.record(point: point))
        }
    }
}

/// Waits for the next trial, and starts it.
@c @implementation
public func hypero_search_next(
    _ search: OpaquePointer?, _ seconds: Double, _ experiment: UnsafeMutablePointer<OpaquePointer?>?
) -> hypero_status {
    guard let experiment else { return invalid("experiment is NULL") }
    experiment.pointee = nil
    return SearchHandle.with(search) { search in
        guard let timeout = duration(seconds) else { return invalid("seconds must be 0 or above, not \(seconds)") }
        switch search.search.next(until: .now + timeout) {
        case .trial(let trial):
            experiment.pointee = ExperimentHandle(trial).retained()
            return HYPERO_OK
        case .end: return HYPERO_OK
        case .timeout: return failure(HYPERO_TIMEOUT, "no trial after \(seconds) s")
        }
    }
}

/// Frees the handle.
@c @implementation
public func hypero_search_free(_ search: OpaquePointer?) {
    SearchHandle.free(search)
}

/// Returns 1 if the training must stop, else 0.
@c @implementation
public func hypero_experiment_should_stop(_ experiment: OpaquePointer?) -> CInt {
    guard let experiment else { return 0 }
    return Unmanaged<ExperimentHandle>.fromOpaque(UnsafeRawPointer(experiment))
        ._withUnsafeGuaranteedRef { $0.experiment.shouldStop } ? 1 : 0
}

/// The reason for which the training must stop.
@c @implementation
public func hypero_experiment_stop_reason(_ experiment: OpaquePointer?) -> UnsafePointer<CChar>? {
    experiment.flatMap { ExperimentHandle.object(of: $0).stopReason } ?? noText
}

/// The number of the trial in its search; 0 outside a search.
@c @implementation
public func hypero_experiment_trial(_ experiment: OpaquePointer?) -> Int64 {
    Int64(experiment.flatMap { ExperimentHandle.object(of: $0).experiment.trialNumber } ?? 0)
}

/// The number of this process among those that got the trial.
@c @implementation
public func hypero_experiment_attempt(_ experiment: OpaquePointer?) -> Int64 {
    Int64(experiment.map { ExperimentHandle.object(of: $0).experiment.attempt } ?? 0)
}

/// The last epoch that earlier attempts of the trial have logged; 0 for none.
@c @implementation
public func hypero_experiment_last_epoch(_ experiment: OpaquePointer?) -> Int64 {
    Int64(experiment.map { ExperimentHandle.object(of: $0).experiment.lastEpoch } ?? 0)
}
