import HyperoSchema
import Synchronization

/// A group of experiments that are ranked together, identified by its name, version and description.
///
/// ```swift
/// let battery = hypero.battery("digits", version: 2, description: "wider hidden layer")
/// for _ in 0..<20 { train(battery.experiment()) }
/// ```
///
/// Created by ``Hypero/battery(_:version:description:objective:direction:)``.
public struct Battery: Sendable {
    /// The id of the battery in Redis, for example `rnn-visual-attention.v3.b44afc5e`.
    public var id: String { handle.id.text }

    let handle: BatteryHandle
    let client: Client

    /// Starts an experiment. Records the battery's declaration and then the experiment's start.
    public func experiment() -> Experiment {
        Experiment(of: handle, client: client)
    }
}

/// The part of a battery that the records of its experiments need.
final class BatteryHandle: Sendable {
    let id: BatteryID
    let declaration: Event.Declaration
    /// true if the declaration is within the limits of the contract. The events of an invalid battery are dropped.
    let isValid: Bool
    /// The ``Journal/generation`` whose producer has declared the battery; ``notDeclared`` before.
    ///
    /// Stored after the declaration has its sequence number. A log call that sees its own generation here therefore gets
    /// a higher one.
    private let declaredGeneration = Atomic<UInt32>(notDeclared)

    private static let notDeclared = UInt32.max
    /// The UTF-8 bytes of the id, which a log call copies.
    ///
    /// Immutable, and at one address until `deinit`, so threads share the bytes without a lock.
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    init(_ declaration: Event.Declaration) {
        self.declaration = declaration
        isValid = Event.Body.battery(declaration).violation == nil
        id = BatteryID(
            name: declaration.name, version: declaration.version, description: declaration.description)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: id.text.utf8.count, alignment: 8)
        copy.copyBytes(from: id.text.utf8)
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit {
        bytes.deallocate()
    }

    /// Returns whether the producer of a generation has declared the battery.
    @inline(__always)
    func isDeclared(in generation: UInt32) -> Bool {
        declaredGeneration.load(ordering: .acquiring) == generation
    }

    func setDeclared(in generation: UInt32) {
        declaredGeneration.store(generation, ordering: .releasing)
    }
}
