import CHypero
import Glibc
import Hypero
import HyperoCore
import Synchronization

/// An object behind an opaque pointer of hypero.h. The pointer owns one reference, which the free function releases.
class Handle {
    /// The opaque pointer of a new handle.
    final func retained() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

    /// Releases the reference of an opaque pointer.
    static func free(_ pointer: OpaquePointer?) {
        guard let pointer else { return }
        Unmanaged<Self>.fromOpaque(UnsafeRawPointer(pointer)).release()
    }

    /// Calls a function with the object of an opaque pointer, whose reference keeps it alive.
    ///
    /// - Returns: ``hypero_status/HYPERO_INVALID`` for a null pointer.
    @inline(__always)
    static func with(
        _ pointer: OpaquePointer?, _ body: (Self) -> hypero_status
    ) -> hypero_status {
        guard let pointer else { return invalid("a null handle was given") }
        return Unmanaged<Self>.fromOpaque(UnsafeRawPointer(pointer))._withUnsafeGuaranteedRef(body)
    }

    /// Returns the object of an opaque pointer.
    static func object(of pointer: OpaquePointer) -> Self {
        Unmanaged<Self>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }
}

/// The object of a `hypero_client`.
final class ClientHandle: Handle {
    let hypero: Hypero
    /// Takes the messages of the C library itself.
    let notify: @Sendable (String) -> Void

    init(_ hypero: Hypero, notify: @escaping @Sendable (String) -> Void) {
        self.hypero = hypero
        self.notify = notify
    }
}

/// The object of a `hypero_battery`.
final class BatteryHandle: Handle {
    let battery: Battery
    let client: ClientHandle
    let id: CText

    init(_ battery: Battery, of client: ClientHandle) {
        self.battery = battery
        self.client = client
        id = CText(battery.id)
    }
}

/// The object of a `hypero_search`.
final class SearchHandle: Handle {
    let search: Search
    let id: CText

    init(_ search: Search) {
        self.search = search
        id = CText(search.id)
    }
}

/// The object of a `hypero_experiment`.
final class ExperimentHandle: Handle {
    let experiment: Experiment
    let id: CText
    /// The text of `hypero_experiment_stop_reason`; nil before it is asked for.
    private let reason = Atomic<UnsafeMutableRawPointer?>(nil)

    init(_ experiment: Experiment) {
        self.experiment = experiment
        id = CText(experiment.id)
    }

    deinit {
        Glibc.free(reason.load(ordering: .acquiring))
    }

    /// The reason why the training must stop, at one address; nil while it may go on.
    var stopReason: UnsafePointer<CChar>? {
        if let reason = reason.load(ordering: .acquiring) {
            return UnsafePointer(reason.assumingMemoryBound(to: CChar.self))
        }
        guard let text = experiment.stopReason, let copy = text.withCString({ strdup($0) }) else { return nil }
        let (isFirst, first) = reason.compareExchange(
            expected: nil, desired: UnsafeMutableRawPointer(copy), ordering: .acquiringAndReleasing)
        guard !isFirst, let first else { return UnsafePointer(copy) }
        // Another thread was first.
        Glibc.free(copy)
        return UnsafePointer(first.assumingMemoryBound(to: CChar.self))
    }
}

/// A C string at one address.
final class CText {
    let start: UnsafePointer<CChar>

    init(_ text: String) {
        start = UnsafePointer(text.withCString { strdup($0) }!)
    }

    deinit {
        free(UnsafeMutablePointer(mutating: start))
    }
}
