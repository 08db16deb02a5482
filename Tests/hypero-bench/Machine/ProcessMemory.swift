import Foundation

/// What the system says of a process' memory, in bytes.
struct ProcessMemory {
    /// The most that was resident at once.
    let peak: Int
    /// What is resident now and belongs to no file.
    let anonymous: Int

    /// Nil when there is no such process, or it has ended.
    init?(of pid: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let peak = Self.kibibytes("VmHWM", in: text), let anonymous = Self.kibibytes("RssAnon", in: text)
        else { return nil }
        self.peak = peak << 10
        self.anonymous = anonymous << 10
    }

    private static func kibibytes(_ name: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line.flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first }.flatMap { Int($0) }
    }
}
