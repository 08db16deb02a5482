import Foundation

/// The memory of this process.
package enum ProcessMemory {
    /// Returns the highest resident memory so far in bytes: VmHWM in /proc.
    package static func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            if let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            }) {
                return kibibytes << 10
            }
        }
        throw TestFailure("no VmHWM in /proc/self/status")
    }
}
