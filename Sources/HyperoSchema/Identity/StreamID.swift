/// The id of a stream entry: `<milliseconds>-<sequence>`.
package struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The Unix time in milliseconds.
    package var milliseconds: UInt64
    /// The number of the entry within its millisecond.
    package var sequence: UInt64

    /// The id before every entry: the position of a reader that has read nothing.
    package static let zero = StreamID(milliseconds: 0, sequence: 0)

    /// The highest id. A stream that has ever had it accepts no more entries.
    package static let highest = StreamID(milliseconds: .max, sequence: .max)

    package init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Parses `1700000000000-0`, or `1700000000000` with sequence 0.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let milliseconds = Self.number(parts[0]) else { return nil }
        guard let sequence = parts.count == 2 ? Self.number(parts[1]) : 0 else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// Parses digits only, because `UInt64.init` accepts a sign too.
    private static func number(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt64(text)
    }

    /// Parses an id in the format of Redis without making a string, for replies with thousands of ids.
    package init?(_ bytes: Bytes) {
        guard let hyphen = bytes.firstIndex(of: UInt8(ascii: "-")),
            let milliseconds = Bytes(rebasing: bytes[..<hyphen]).decimal,
            let sequence = Bytes(rebasing: bytes[(hyphen + 1)...]).decimal
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    package var description: String { "\(milliseconds)-\(sequence)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    /// The lowest id above this one; the same id for ``highest``.
    package var next: StreamID {
        if sequence < .max { return StreamID(milliseconds: milliseconds, sequence: sequence + 1) }
        if milliseconds < .max { return StreamID(milliseconds: milliseconds + 1, sequence: 0) }
        return self
    }

    /// The highest id below this one; nil for ``zero``.
    package var previous: StreamID? {
        if sequence > 0 { return StreamID(milliseconds: milliseconds, sequence: sequence - 1) }
        return milliseconds > 0 ? StreamID(milliseconds: milliseconds - 1, sequence: .max) : nil
    }
}
