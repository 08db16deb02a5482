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

    /// Returns whether a channel name is valid.
    package static func isChannel(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { isChannel($0) }
    }

    /// Returns whether the bytes of a channel name are valid. For log calls, because it allocates no text, unlike
    /// ``channelViolation(_:)``.
    package static func isChannel(_ name: Bytes) -> Bool {
        guard (1...Limits.name).contains(name.count) else { return false }
        var (previous, all): (UInt8, UInt8) = (0, 0)
        for byte in name {
            guard isPrintable(byte, after: previous) else { return false }
            previous = byte
            all |= byte
        }
        return (all < 0x80 || (try? UTF8Span(validating: name.span)) != nil) && !isReserved(name)
    }

    private static func isReserved(_ name: String) -> Bool { name == "epoch" || name == "source" || name == "stated" }

    private static func isReserved(_ name: Bytes) -> Bool {
        isEqual(name, "epoch") || isEqual(name, "source") || isEqual(name, "stated")
    }

    private static func isEqual(_ name: Bytes, _ text: StaticString) -> Bool {
        name.isEqual(to: Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func isPrintable(_ name: String) -> Bool {
        var previous: UInt8 = 0
        for byte in name.utf8 {
            guard isPrintable(byte, after: previous) else { return false }
            previous = byte
        }
        return true
    }

    /// Returns whether a byte of UTF-8 ends no control character. C0 and delete are one byte, and C1 is 0xC2 followed by 0x80 to
    /// 0x9F.
    @inline(__always)
    private static func isPrintable(_ byte: UInt8, after previous: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && !(previous == 0xC2 && byte < 0xA0)
    }
}
