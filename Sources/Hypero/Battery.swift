import HyperoSchema

/// Experiments that belong together: a name, a version and a description of the version are its identity.
public struct Battery: Sendable {
    /// The id under which it is recorded: `rnn-visual-attention.v3.b44afc5e`.
    public var id: String { handle.id.text }

    let handle: BatteryHandle
    let client: Client

    /// Begins an experiment.
    public func experiment() -> Experiment {
        Experiment(of: handle, client: client)
    }
}

/// What the records of a battery's experiments need of it.
final class BatteryHandle: Sendable {
    let id: BatteryID
    let declaration: Event.Declaration
    /// Whether the contract allows it; nothing is recorded of one that it does not.
    let isValid: Bool
    /// The id's bytes, at one place for the handle's life, so that the caller's path only copies. Never written again.
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
}
