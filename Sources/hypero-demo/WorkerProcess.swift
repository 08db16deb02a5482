import Foundation

/// A worker as its parent sees it: a child process and the pipe it reports through.
final class WorkerProcess {
    let index: Int
    private let process = Process()
    private let pipe = Pipe()
    private var unread: [UInt8] = []
    /// False once the worker has closed its end, which it does by leaving.
    private(set) var isOpen = true
    /// Experiments it has said are over.
    var endedCount = 0

    /// Starts this program again as the given worker.
    init(index: Int, training: TrainingOptions, redis: RedisOptions) throws {
        self.index = index
        // Not the first argument, which may be a bare name that is looked up on the path.
        process.executableURL = Bundle.main.executableURL
        process.arguments = training.arguments + redis.arguments + ["--share=\(index)"]
        process.environment = ProcessInfo.processInfo.environment.merging(redis.environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        try process.run()
    }

    /// The end to wait on for messages.
    var descriptor: Int32 { pipe.fileHandleForReading.fileDescriptor }

    /// Reads what is there, waiting for it if nothing is, and gives the messages that are complete.
    func read() -> [WorkerMessage] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = chunk.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { return [] }
        guard count > 0 else {
            isOpen = false
            return []
        }
        unread += chunk[..<count]
        var lines = unread.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        unread = Array(lines.removeLast())
        return lines.compactMap { WorkerMessage(line: String(decoding: $0, as: UTF8.self)) }
    }

    func send(_ signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
    }

    /// Waits for the end of the process and tells how it ended.
    func wait() -> WorkerEnd {
        process.waitUntilExit()
        return WorkerEnd(
            wasKilled: process.terminationReason == .uncaughtSignal, number: process.terminationStatus)
    }
}
