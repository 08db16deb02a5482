/// What a name of a battery, hyper-parameter, metadata or channel may be.
package enum Name {
    /// Why bytes cannot be a name, or nil when they can: 1 to 256 bytes of UTF-8 without control characters.
    package static func violation(_ name: String) -> String? {
        guard !name.isEmpty else { return "is empty: give 1 to \(Limits.name) bytes" }
        guard name.utf8.count <= Limits.name else {
            return "has \(name.utf8.count) bytes: give at most \(Limits.name)"
        }
        guard !holdsControl(name) else {
            return "holds a control character: give text without newlines, tabs and the like"
        }
        return nil
    }

    /// Why a name cannot be a channel's: beside the rules of names, `max.epoch` and `max.source` are taken.
    package static func channelViolation(_ name: String) -> String? {
        guard name != "epoch", name != "source" else {
            return "is taken: max.\(name) is a field of its own; choose another name"
        }
        return violation(name)
    }

    private static func holdsControl(_ name: String) -> Bool {
        // Nearly all names are printable ASCII, and looking at bytes is faster than looking at scalars.
        guard !name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return false }
        return name.unicodeScalars.contains(where: isControl)
    }
}
