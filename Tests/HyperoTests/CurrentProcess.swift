import Foundation
import Glibc

/// The threads, descriptors and mappings of this process, read from /proc.
enum CurrentProcess {
    /// The number of sender threads.
    static var senderCount: Int {
        threadNames.count { name in name == "hypero-sender\n" }
    }

    /// The targets of the open descriptors, for example `socket:[…]` or a path.
    static var descriptors: [String] {
        names(in: "/proc/self/fd").compactMap { descriptor in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        }.filter { !$0.hasPrefix("/proc/") }
    }

    /// Returns the number of memory mappings of files below the path.
    static func mappingCount(below path: String) -> Int {
        // Foundation's `String(contentsOfFile:)` would stop after the first page of this file.
        guard let file = fopen("/proc/self/maps", "re") else { return -1 }
        defer { fclose(file) }
        var count = 0
        var line = [CChar](repeating: 0, count: 8192)
        while fgets(&line, Int32(line.count), file) != nil {
            if String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).contains(path) {
                count += 1
            }
        }
        return count
    }

    /// The size of the address space in bytes.
    static var addressSpace: UInt {
        let statistics = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return UInt(statistics.prefix { $0 != " " }).map { $0 * UInt(getpagesize()) } ?? 0
    }

    private static var threadNames: [String] {
        names(in: "/proc/self/task").compactMap {
            try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
        }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}
