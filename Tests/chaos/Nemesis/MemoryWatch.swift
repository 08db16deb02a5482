import Foundation
import TestSupport

/// An observer of the memory of trainings and ingests while a server is hostile.
///
/// Counts anonymous memory, because the mapped files of a journal belong to the page cache.
final class MemoryWatch {
    /// The largest growth in KiB. A training expects small replies only, and an ingest reads batches of a few MiB.
    private static let maxGrowth = 64 << 10

    private let testbed: Testbed
    /// The memory of each process when it was seen first.
    private var baselines: [pid_t: Int] = [:]

    init(_ testbed: Testbed) {
        self.testbed = testbed
    }

    /// Compares the memory of each process with its baseline.
    func look() {
        for (name, pids) in [("a training", testbed.fleet.runningPIDs), ("an ingest", testbed.ingests.pids)] {
            for pid in pids {
                guard let size = Self.anonymousKiB(of: pid) else { continue }
                let baseline = baselines[pid] ?? size
                baselines[pid] = baseline
                guard size - baseline > Self.maxGrowth else { continue }
                testbed.add(finding: "memory of \(name) grew by more than \(Self.maxGrowth >> 10) MiB")
            }
        }
    }

    private static func anonymousKiB(of pid: pid_t) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
    }
}
