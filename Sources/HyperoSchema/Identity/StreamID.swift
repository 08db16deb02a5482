/// The id of a stream entry: `<milliseconds>-<sequence>`.
package struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var milliseconds: UInt64
    package var sequence: UInt64

    /// Before every entry: where a reader starts that has read nothing.
    package static let zero = StreamID(milliseconds: 0, sequence: 0)

    /// After every entry: a stream that has it takes no more.
    package static let highest = StreamID(milliseconds: .max, sequence: .max)

    package init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Reads `1700000000000-0`, and `1700000000000` as its first.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let milliseconds = Self.number(parts[0]) else { return nil }
        guard let sequence = parts.count == 2 ? Self.number(parts[1]) : 0 else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// Digits only: UInt64 also reads a sign.
    private static func number(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt64(text)
    }

    /// Reads what Redis writes, from its bytes: the way for those who read thousands.
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

    /// The lowest id above this one; the id itself if this is the highest.
    package var next: StreamID {
        if sequence < .max { return StreamID(milliseconds: milliseconds, sequence: sequence + 1) }
        if milliseconds < .max { return StreamID(milliseconds: milliseconds + 1, sequence: 0) }
        return self
    }

    /// The highest id below this one; nil if this is the lowest.
    package var previous: StreamID? {
        if sequence > 0 { return StreamID(milliseconds: milliseconds, sequence: sequence - 1) }
        return milliseconds > 0 ? StreamID(milliseconds: milliseconds - 1, sequence: .max) : nil
    }
}
