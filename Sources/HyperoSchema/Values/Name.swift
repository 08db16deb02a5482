/// The rules for names of batteries, hyper-parameters, metadata and channels: 1 to ``Limits/name`` bytes of UTF-8 without
/// control characters.
package enum Name {
    /// Returns the violation of the rules by a name, as the predicate of a sentence about the name; nil if the name is
    /// valid.
    package static func violation(_ name: String) -> String? {
        guard (1...Limits.name).contains(name.utf8.count) else {
            return "must have 1 to \(Limits.name) bytes, not \(name.utf8.count)"
        }
        guard isPrintable(name) else {
            return "must not contain control characters such as newlines and tabs"
        }
        return nil
    }

    /// Returns the violation of the rules by a channel name, as the predicate of a sentence about the name; nil if the
    /// name is valid.
    ///
    /// In addition to the rules for names, `epoch`, `source` and `stated` are reserved: ``ExperimentField/maxEpoch``,
    /// ``ExperimentField/maxSource`` and ``ExperimentField/maxStated`` are not channels.
    package static func channelViolation(_ name: String) -> String? {
        guard !isReserved(name) else {
            return "is reserved: max.\(name) is another field. Choose another name"
        }
        return violation(name)
    }

    /// Returns whether a channel name is valid. For log calls, because it allocates no text, unlike
    /// ``channelViolation(_:)``.
    package static func isChannel(_ name: String) -> Bool {
        (1...Limits.name).contains(name.utf8.count) && isPrintable(name) && !isReserved(name)
    }

    private static func isReserved(_ name: String) -> Bool { name == "epoch" || name == "source" || name == "stated" }

    /// Returns whether the name has no control characters. In UTF-8, C0 and delete are one byte, and C1 is 0xC2 followed by
    /// 0x80 to 0x9F.
    private static func isPrintable(_ name: String) -> Bool {
        var previous: UInt8 = 0
        for byte in name.utf8 {
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) { return false }
            previous = byte
        }
        return true
    }
}
