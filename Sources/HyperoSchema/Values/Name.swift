/// What a name of a battery, hyper-parameter, metadata or channel may be.
package enum Name {
    /// Why text cannot be a name, or nil when it can: 1 to 256 bytes of UTF-8 without control characters.
    package static func violation(_ name: String) -> String? {
        guard !name.isEmpty else { return "is empty: give 1 to \(Limits.name) bytes" }
        guard name.utf8.count <= Limits.name else {
            return "has \(name.utf8.count) bytes: give at most \(Limits.name)"
        }
        guard isPrintable(name) else {
            return "holds a control character: give text without newlines, tabs and the like"
        }
        return nil
    }

    /// Why text cannot be a channel's name: beside the rules of names, `max.epoch` and `max.source` are taken.
    package static func channelViolation(_ name: String) -> String? {
        guard name != "epoch", name != "source" else {
            return "is taken: max.\(name) is a field of its own; choose another name"
        }
        return violation(name)
    }

    /// The same as ``channelViolation(_:)`` being nil, without making text: for the caller's path of a log call.
    package static func isChannel(_ name: String) -> Bool {
        (1...Limits.name).contains(name.utf8.count) && isPrintable(name) && name != "epoch" && name != "source"
    }

    /// Whether there is no control character: C0 and delete are one byte, C1 is 0xC2 before 0x80 to 0x9F.
    private static func isPrintable(_ name: String) -> Bool {
        var previous: UInt8 = 0
        for byte in name.utf8 {
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) { return false }
            previous = byte
        }
        return true
    }
}
