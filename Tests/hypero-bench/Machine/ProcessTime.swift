import Foundation
import Glibc

/// How long a process has worked, on all its threads together.
enum ProcessTime {
    /// Seconds so far, to a hundredth; 0 when there is no such process.
    static func seconds(of pid: Int32) -> Double {
        // pid (name) state …: the times are the 14th and 15th fields, and the name may hold spaces.
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let rest = text.split(separator: ")").last
        else { return 0 }
        let fields = rest.split(separator: " ")
        return ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
