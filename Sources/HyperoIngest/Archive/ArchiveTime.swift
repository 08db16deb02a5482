import HyperoSchema

/// The times of entries for operators, in UTC and whole seconds: `2026-11-27 19:53:02`.
enum ArchiveTime {
    /// Returns the time at which Redis received an entry.
    static func text(of id: StreamID) -> String {
        func digits(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let seconds = id.milliseconds / 1_000 % 86_400
        let time = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(digits).joined(separator: ":")
        return "\(ArchiveFolder.day(of: id.milliseconds)) \(time)"
    }

    /// Returns the times of the entries around a hole.
    ///
    /// - Parameter start: the entry before it; ``StreamID/zero`` for none.
    static func text(after start: StreamID, through end: StreamID) -> String {
        start == .zero ? "up to \(text(of: end)) UTC" : "\(text(of: start)) to \(text(of: end)) UTC"
    }
}
