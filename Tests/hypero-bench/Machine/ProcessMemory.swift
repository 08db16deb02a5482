import Foundation

/// The resident memory of a process, in bytes.
struct ProcessMemory {
    /// The peak of the resident memory.
    let peak: Int
    /// The current resident memory that is not backed by a file.
    let anonymous: Int

    /// Reads the memory from `/proc`; nil if the process does not exist or has ended.
    init?(of pid: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let peak = Self.kibibytes("VmHWM", in: text), let anonymous = Self.kibibytes("RssAnon", in: text)
        else { return nil }
        self.peak = peak << 10
        self.anonymous = anonymous << 10
    }

    /// Returns the resident memory of a process in bytes, without the mapped files of a folder.
    static func resident(of pid: Int32, outside folder: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/smaps", encoding: .utf8)) ?? ""
        var isOutside = true
        var total = 0
        for line in text.split(separator: "\n") {
            // The first line of a mapping has its address range and path. The other lines are "Name: value".
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
