import Foundation
import Glibc

/// What this process holds, as the kernel says.
enum CurrentProcess {
    /// How many threads are a client's sender.
    static var senderCount: Int {
        threads.count { name in name == "hypero-sender\n" }
    }

    /// What the open descriptors are: `socket:[…]`, paths.
    static var descriptors: [String] {
        names(in: "/proc/self/fd").compactMap { descriptor in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        }.filter { !$0.hasPrefix("/proc/") }
    }

    /// How many mappings are of files below the path.
    static func mappingCount(below path: String) -> Int {
        // Not Foundation's reading of a whole file, which takes the first page of this one for all of it.
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

    private static var threads: [String] {
        names(in: "/proc/self/task").compactMap {
            try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)
        }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}
