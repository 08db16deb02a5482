import Foundation

/// The memory of a process.
package enum ProcessMemory {
    /// Returns the highest resident memory of a process so far in bytes: VmHWM in /proc.
    ///
    /// - Parameter pid: the process id; nil for this process.
    /// - Throws: ``TestFailure`` if the process does not exist or has ended.
    package static func peak(of pid: Int32? = nil) throws -> Int {
        let path = "/proc/\(pid.map(String.init) ?? "self")/status"
        let status = try String(contentsOfFile: path, encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            if let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            }) {
                return kibibytes << 10
            }
        }
        throw TestFailure("no VmHWM in \(path)")
    }
}
