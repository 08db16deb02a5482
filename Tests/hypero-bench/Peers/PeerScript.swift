import Foundation
import TestSupport

/// `Scripts/bench-peers/run`, which measures the peers.
struct PeerScript {
    private static let path = "Scripts/bench-peers/run"
    private let options: [String]

    /// - Parameter isQuick: true if the workload is divided by ten.
    init(quick isQuick: Bool) throws {
        guard FileManager.default.isExecutableFile(atPath: Self.path) else {
            throw BenchError("\(Self.path): not found. Run Scripts/bench, which changes to the repository's folder.")
        }
        options = isQuick ? ["--quick"] : []
    }

    func workload() throws -> PeerWorkload {
        let outcome = try ChildProcess.run("./" + Self.path, options + ["--workload"])
        guard outcome.succeeded else { throw BenchError("\(Self.path) --workload failed: \(outcome.stderr)") }
        return try JSONDecoder().decode(PeerWorkload.self, from: Data(outcome.stdout.utf8))
    }

    /// Measures all peers.
    ///
    /// - Parameter progress: called with each line that the script writes to standard error.
    func figures(progress: (String) -> Void) throws -> [PeerFigures] {
        let child = try ChildProcess("./" + Self.path, options)
        var reportedLines = 0
        func reportProgress() {
            let lines = child.stderr.split(separator: "\n")
            for line in lines.dropFirst(reportedLines) { progress(String(line)) }
            reportedLines = lines.count
        }
        while child.isRunning {
            usleep(500_000)
            reportProgress()
        }
        reportProgress()
        guard child.wait() == .exited(0) else { throw BenchError("\(Self.path) failed: \(child.stderr.suffix(1_000))") }
        return try child.stdout.split(separator: "\n").map { line in
            try JSONDecoder().decode(PeerFigures.self, from: Data(line.utf8))
        }
    }
}
