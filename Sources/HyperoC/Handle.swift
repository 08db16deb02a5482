import CHypero
import Glibc
import Hypero

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

    init(_ hypero: Hypero) {
        self.hypero = hypero
    }
}

/// The object of a `hypero_battery`.
final class BatteryHandle: Handle {
    let battery: Battery
    let id: CText

    init(_ battery: Battery) {
        self.battery = battery
        id = CText(battery.id)
    }
}

/// The object of a `hypero_experiment`.
final class ExperimentHandle: Handle {
    let experiment: Experiment
    let id: CText

    init(_ experiment: Experiment) {
        self.experiment = experiment
        id = CText(experiment.id)
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
