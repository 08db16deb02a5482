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

    /// What is resident of a process but for files below a folder, in bytes.
    static func resident(of pid: Int32, outside folder: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/smaps", encoding: .utf8)) ?? ""
        var isOutside = true
        var total = 0
        for line in text.split(separator: "\n") {
            // A mapping's first line has its addresses and path; the others are a name with a colon and a value.
            if line.prefix(while: { $0 != " " }).contains("-") { isOutside = !line.contains(folder) }
            guard isOutside, line.hasPrefix("Rss:") else { continue }
            total += kibibytes("Rss", in: String(line)) ?? 0
        }
        return total << 10
    }

    private static func kibibytes(_ name: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line.flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first }.flatMap {
            Int($0)
        }
    }
}
