import HyperoSchema

/// The memory that the dead letters of a partition may take, and the part that they take: a value without a connection.
///
/// The server is asked for the size only when dead letters are written, and seldom: between two answers the bytes of the
/// letters are added up. From three quarters of the limit on, letters keep only the first bytes of each value, so that a
/// flood of large entries leaves as many letters as possible. At the limit, the oldest letters are removed.
package struct DeadLetterBudget: Sendable {
    /// The size of a stream of dead letters, as the server reports it.
    package struct Size: Sendable, Hashable {
        package var bytes: Int
        package var letters: Int

        package init(bytes: Int, letters: Int) {
            (self.bytes, self.letters) = (bytes, letters)
        }

        package static func += (total: inout Size, size: Size) {
            total.bytes += size.bytes
            total.letters += size.letters
        }
    }

    /// The maximum number of bytes.
    package let limit: Int
    /// The last answer of the server; nil before the first.
    private var measured: Int?
    /// The letters written since the last answer.
    private var unmeasured = Size(bytes: 0, letters: 0)

    package init(limit: Int) {
        self.limit = limit
    }

    /// The number of bytes that can be written before letters are cut.
    package var room: Int { max(limit / 4 * 3 - (measured ?? 0) - unmeasured.bytes, 0) }

    /// True if the server has been asked for the size. It must be asked before the first letters are written.
    package var isMeasured: Bool { measured != nil }

    /// True if the server must be asked again after letters were written: in the last quarter, after each sixty-fourth of
    /// the limit.
    package var isDue: Bool {
        unmeasured.letters > 0 && room == 0 && unmeasured.bytes >= limit / 64
    }

    /// Records letters that were written.
    package mutating func recordWritten(_ letters: Size) {
        unmeasured += letters
    }

    /// Records the size that the server has reported.
    package mutating func recordMeasured(_ size: Size) {
        measured = size.bytes
        unmeasured = Size(bytes: 0, letters: 0)
    }

    /// Returns the number of letters to keep; nil if none need to be removed.
    ///
    /// An eighth of the limit is made free at once. The newest letter always stays. The letters differ in size, so that
    /// further ones may have to be removed after these.
    package func lettersToKeep(of size: Size) -> Int? {
        guard size.bytes > limit, size.letters > 1 else { return nil }
        let share = Double(limit / 8 * 7) / Double(size.bytes)
        let kept = min(Int(Double(size.letters) * share), size.letters - 1)
        // A server that frees many gigabytes in one command answers no other client meanwhile.
        return max(kept, size.letters - Self.maxRemoved, 1)
    }

    /// The maximum number of letters that are removed by one command.
    private static let maxRemoved = 1_000
}
