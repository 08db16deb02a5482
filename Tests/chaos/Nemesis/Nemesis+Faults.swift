import Foundation
import TestSupport

// What each fault is.
extension Nemesis {
    func perform(_ fault: Fault) throws {
        switch fault {
        case .killTraining: killTraining()
        case .killIngest: try stage.ingests.replace(draw(0...1))
        case .suspendIngest:
            let ingest = stage.ingests[draw(0...1)]
            ingest.suspend()
            let lease = Int(IngestPair.lease.components.seconds) * 1_000
            // Not killed meanwhile: a killed one could not go on.
            try hold(milliseconds: lease...lease * 2, isQuiet: true)
            ingest.resume()
        case .killRedis:
            stage.server.kill()
            try hold(milliseconds: 0...2_000)
            try stage.server.restart()
        case .cutFile: try cutFile()
        case .failover: try failOver()
        case .suspendRedis:
            stage.server.suspend()
            try hold(milliseconds: 200...6_000)
            stage.server.resume()
        case .killConnections:
            for _ in 0..<draw(5...20) {
                stage.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try hold(milliseconds: 100...100, isQuiet: true)
            }
        case .pause:
            stage.server.cli("CLIENT", "PAUSE", "\(draw(200...3_000))")
            try hold(milliseconds: 200...3_000)
        case .outOfMemory: try configured("maxmemory", "1mb", otherwise: "0")
        case .busy: try beBusy()
        case .misconfigured: try beMisconfigured()
        case .noReplicas: try configured("min-replicas-to-write", "1", otherwise: "0")
        case .latency: try network(.slow(latency: .milliseconds(50)))
        case .narrow: try network(.narrow(bytesPerSecond: 10_000))
        case .sliced: try network(.sliced)
        case .resets:
            for _ in 0..<draw(1...10) {
                let count = draw(1...20_000)
                try network(
                    draw(0...1) == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count * 10),
                    milliseconds: 50...500)
            }
        case .silent: try network(.silent)
        case .unreachable: try network(.unreachable)
        }
    }

    /// The line of the trainings, of the ingests or of both is like this for a while.
    private func network(_ line: ProxyLine, milliseconds: ClosedRange<Int> = 500...6_000) throws {
        let choice = draw(0...2)
        if choice != 0 { stage.clientProxy.line = line }
        if choice != 1 { stage.ingestProxy.line = line }
        try hold(milliseconds: milliseconds)
        stage.both(.good)
    }

    private func configured(_ name: String, _ value: String, otherwise usual: String) throws {
        stage.server.cli("CONFIG", "SET", name, value)
        try hold(milliseconds: 500...3_000)
        stage.server.cli("CONFIG", "SET", name, usual)
    }

    /// A script that does not end, and is killed.
    private func beBusy() throws {
        let script = try ChildProcess(
            "redis-cli", ["-s", stage.server.socket, "EVAL", "while true do end", "0"])
        try hold(milliseconds: 500...3_000)
        // Until it has begun to be busy, Redis does not answer at all.
        let isKilled = eventually(within: .seconds(30)) {
            !script.isRunning || stage.server.cli("SCRIPT", "KILL") == "OK"
        }
        guard isKilled else { throw TestFailure("a script does not let itself be killed") }
        script.wait()
    }

    /// A snapshot that fails: with a folder in the place of its file.
    private func beMisconfigured() throws {
        let server = stage.server
        let path = server.folder.file("dump.rdb")
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: "\(path)/in the way", withIntermediateDirectories: true)
        server.cli("CONFIG", "SET", "save", "1000000 1")
        eventually(within: .seconds(5)) {
            server.cli("BGSAVE")
            return server.cli("INFO", "persistence").contains("rdb_last_bgsave_status:err")
        }
        try hold(milliseconds: 500...3_000)
        server.cli("CONFIG", "SET", "save", "")
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Of the last 64 KiB only what was written in the last seconds: after a time without traffic they would reach back
    /// to what was on the disk long ago.
    private func cutFile() throws {
        let mark = try stage.server.appendMark()
        try hold(milliseconds: 500...2_000)
        let recent = try stage.server.bytesAppended(since: mark)
        try stage.server.restart(losingLastBytes: min(recent, 64 << 10))
    }

    /// A replica whose link is cut takes over. What was written since is lost; it must be less than clients keep.
    private func failOver() throws {
        let replica = try stage.replica()
        replica.fallBehind(stage.server)
        try hold(milliseconds: 100...3_000)
        try stage.promote(replica)
    }
}
