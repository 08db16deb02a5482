import Foundation
import Glibc
import TestSupport

/// A worker process and the observation of its time and memory.
final class WatchedWorker {
    /// The cause of a failure, and the inputs of which one has caused it.
    struct Failure {
        let reason: String
        let candidates: [Int]
        /// The standard error of the process.
        var log = ""
    }

    /// The longest time for one input.
    private let maxTime: Duration
    private let process: ChildProcess
    private let progress: Progress
    private let lanes: Range<Int>
    /// The memory of the process in KiB before its first input; nil while it starts.
    private var baseline: Int?
    private(set) var hasEnded = false

    init(_ arguments: [String], progress: Progress, lanes: Range<Int>, maxTime: Duration) throws {
        self.maxTime = maxTime
        self.progress = progress
        self.lanes = lanes
        for lane in lanes { progress.set(nil, in: lane) }
        process = try ChildProcess(
            "/proc/self/exe".resolvingLink, ["worker", "--lane", "\(lanes.lowerBound)"] + arguments,
            environment: ["SWIFT_BACKTRACE": "threads=crashed,images=none,registers=none"])
    }

    /// Looks at the process, and kills it if an input has failed.
    ///
    /// - Parameter maxGrowth: returns the largest growth of the process in KiB that the input with an index may cause. Mapped
    ///   files do not count.
    func look(maxGrowth: (_ index: Int) -> Int) -> Failure? {
        let current = lanes.compactMap { progress.current(in: $0) }
        if let ending = process.isRunning ? nil : process.wait() {
            hasEnded = true
            guard ending != .exited(0) else { return nil }
            let text = Self.summary(of: process.stderr)
            let reason: String
            switch ending {
            case .exited(WorkerCommand.brokenPromise): reason = text
            case .exited(let status): reason = "exit status \(status): \(text)"
            case .signalled(let signal): reason = "killed by signal \(signal): \(text)"
            }
            return fail(reason, current.map(\.index))
        }
        if let slow = current.first(where: { $0.elapsed > maxTime }) {
            return fail("longer than \(maxTime)", [slow.index])
        }
        guard !current.isEmpty, let size = anonymousKiB else { return nil }
        let baseline = baseline ?? size
        self.baseline = baseline
        let growth = size - baseline
        if growth > current.map({ maxGrowth($0.index) }).max() ?? 0 {
            return fail("grown by \(growth >> 10) MiB", current.map(\.index))
        }
        return nil
    }

    /// Returns the message of a crash and the frames of its stack that are in this package, or else the last lines.
    private static func summary(of log: String) -> String {
        let lines = log.split(separator: "\n")
        let frames = lines.filter { $0.contains("/Sources/") || $0.contains("/Tests/") }.map { $0.prefix(160) }
        let message = lines.filter { $0.contains("Fatal error") || $0.contains("Program crashed") }
        guard !message.isEmpty else { return lines.suffix(4).joined(separator: "\n") }
        return (message.prefix(1) + frames.prefix(6)).joined(separator: "\n")
    }

    private func fail(_ reason: String, _ candidates: [Int]) -> Failure {
        process.kill()
        hasEnded = true
        return Failure(reason: reason, candidates: candidates, log: process.stderr)
    }

    private var anonymousKiB: Int? {
        guard let status = try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8) else {
            return nil
        }
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
    }
}

extension String {
    fileprivate var resolvingLink: String { URL(fileURLWithPath: self).resolvingSymlinksInPath().path }
}
