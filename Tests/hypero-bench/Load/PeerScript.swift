import Foundation
import TestSupport

/// `Scripts/peers/run`, which gives the peers their work.
struct PeerScript {
    private static let path = "Scripts/peers/run"
    private let options: [String]

    /// - Parameter isQuick: whether a tenth of everything will do.
    init(quick isQuick: Bool) throws {
        guard FileManager.default.isExecutableFile(atPath: Self.path) else {
            throw BenchError("there is no \(Self.path) here: run Scripts/bench, which goes to the right folder")
        }
        options = isQuick ? ["--quick"] : []
    }

    func workload() throws -> PeerWorkload {
        let outcome = try ChildProcess.run("./" + Self.path, options + ["--workload"])
        guard outcome.succeeded else { throw BenchError("\(Self.path) --workload failed: \(outcome.stderr)") }
        return try JSONDecoder().decode(PeerWorkload.self, from: Data(outcome.stdout.utf8))
    }

    /// Runs all peers; what the script says meanwhile is handed on.
    func figures(progress: (String) -> Void) throws -> [PeerFigures] {
        let child = try ChildProcess("./" + Self.path, options)
        var told = 0
        func tell() {
            let lines = child.stderr.split(separator: "\n")
            for line in lines.dropFirst(told) { progress(String(line)) }
            told = lines.count
        }
        while child.isRunning {
            usleep(500_000)
            tell()
        }
        tell()
        guard child.wait() == .exited(0) else { throw BenchError("\(Self.path) failed: \(child.stderr.suffix(1_000))") }
        return try child.stdout.split(separator: "\n").map { line in
            try JSONDecoder().decode(PeerFigures.self, from: Data(line.utf8))
        }
    }
}
