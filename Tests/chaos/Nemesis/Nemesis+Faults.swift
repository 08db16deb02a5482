import Foundation
import TestSupport

// The implementations of the faults.
extension Nemesis {
    /// Injects a fault, waits, and removes the fault.
    func perform(_ fault: Fault) throws {
        switch fault {
        case .killTraining: killTraining()
        case .suspendTraining:
            let training = testbed.fleet.suspendOne(using: &random)
            try wait(milliseconds: 500...5_000)
            training?.resume()
        case .killIngest: try testbed.ingests.replace(draw(0...1))
        case .suspendIngest:
            let ingest = testbed.ingests[draw(0...1)]
            ingest.suspend()
            let lease = Int(IngestPair.lease.components.seconds) * 1_000
            // No process is killed during the wait, because a killed ingest could not be continued.
            try wait(milliseconds: lease...lease * 2, killing: false)
            ingest.resume()
        case .killRedis:
            testbed.server.kill()
            try wait(milliseconds: 0...2_000)
            try testbed.server.restart()
        case .cutFile: try cutFile()
        case .failover: try failOver()
        case .suspendRedis:
            testbed.server.suspend()
            try wait(milliseconds: 200...6_000)
            testbed.server.resume()
        case .killConnections:
            for _ in 0..<draw(5...20) {
                testbed.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try wait(milliseconds: 100...100, killing: false)
            }
        case .pause:
            testbed.server.cli("CLIENT", "PAUSE", "\(draw(200...3_000))")
            try wait(milliseconds: 200...3_000)
        case .outOfMemory: try setConfiguration("maxmemory", to: "1mb", afterwards: "0")
        case .busy: try runEndlessScript()
        case .misconfigured: try failSnapshot()
        case .noReplicas: try setConfiguration("min-replicas-to-write", to: "1", afterwards: "0")
        case .latency: try setNetwork(.slow(latency: .milliseconds(50)))
        case .narrow: try setNetwork(.narrow(bytesPerSecond: 10_000))
        case .sliced: try setNetwork(.sliced)
        case .resets:
            for _ in 0..<draw(1...10) {
                let count = draw(1...20_000)
                try setNetwork(
                    draw(0...1) == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count * 10),
                    milliseconds: 50...500)
            }
        case .cutReplies:
            // Only the ingests: the other faults already cut replies to trainings, which send their events again.
            testbed.ingestProxy.network = .cuttingReplies
            try wait(milliseconds: 200...3_000)
            testbed.ingestProxy.network = .good
        case .oversized: try setHostile(.oversized)
        case .endless: try setHostile(.endless)
        case .flood: try setHostile(.flood)
        case .trickle: try setHostile(.trickle)
        case .wrongReplies: try setHostile(.wrong)
        case .changePartitions: try changePartitions(isEarly: false)
        case .switchEarly: try changePartitions(isEarly: true)
        case .deleteExperiments: try deleteExperiments()
        case .deleteBattery: try deleteBattery()
        case .intruder: try intrude()
        case .flushAll:
            guard testbed.server.cli("FLUSHALL") == "OK" else { throw TestFailure("FLUSHALL failed") }
            testbed.marks = try SideCalls.Marks(of: testbed.sides)
            try wait(milliseconds: 500...8_000)
        case .killPrimary, .suspendPrimary, .promote, .killSeed, .migrateSlot:
            guard let group = testbed.group else { throw TestFailure("\(fault.rawValue) needs --servers") }
            try perform(fault, in: group)
        case .silent: try setNetwork(.silent)
        case .unreachable: try setNetwork(.unreachable)
        }
    }

    /// Sets the network condition of the trainings, of the ingests or of both, waits, and restores the good network.
    private func setNetwork(_ condition: NetworkCondition, milliseconds: ClosedRange<Int> = 500...6_000) throws {
        let choice = draw(0...2)
        if choice != 0 { testbed.clientProxy.network = condition }
        if choice != 1 { testbed.ingestProxy.network = condition }
        try wait(milliseconds: milliseconds)
        testbed.clientProxy.network = .good
        testbed.ingestProxy.network = .good
    }

    /// Lets the proxies answer instead of Redis, and observes the memory of the trainings and the ingests meanwhile.
    private func setHostile(_ answer: HostileAnswer) throws {
        memoryWatch = MemoryWatch(testbed)
        defer { memoryWatch = nil }
        try setNetwork(.hostile(answer), milliseconds: 1_000...5_000)
    }

    /// Changes a setting of Redis, waits, and restores the normal value.
    private func setConfiguration(_ name: String, to value: String, afterwards normal: String) throws {
        testbed.server.cli("CONFIG", "SET", name, value)
        try wait(milliseconds: 500...3_000)
        testbed.server.cli("CONFIG", "SET", name, normal)
    }

    /// Runs a script that does not end, and kills it.
    private func runEndlessScript() throws {
        let script = try ChildProcess(
            "redis-cli", ["-s", testbed.server.socket, "EVAL", "while true do end", "0"])
        try wait(milliseconds: 500...3_000)
        // Redis replies to nothing until the script has exceeded busy-reply-threshold.
        let isKilled = eventually(within: .seconds(30)) {
            !script.isRunning || testbed.server.cli("SCRIPT", "KILL") == "OK"
        }
        guard isKilled else { throw TestFailure("SCRIPT KILL did not end the script within 30 s") }
        script.wait()
    }

    /// Makes a snapshot fail, with a folder at the path of its file. Redis then refuses writes with MISCONF.
    private func failSnapshot() throws {
        let server = testbed.server
        let path = server.folder.file("dump.rdb")
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: "\(path)/in the way", withIntermediateDirectories: true)
        server.cli("CONFIG", "SET", "save", "1000000 1")
        eventually(within: .seconds(5)) {
            server.cli("BGSAVE")
            return server.cli("INFO", "persistence").contains("rdb_last_bgsave_status:err")
        }
        try wait(milliseconds: 500...3_000)
        server.cli("CONFIG", "SET", "save", "")
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Cuts off at most the last 64 KiB of the append-only file, and only bytes written in the last seconds. After a
    /// period without traffic, the last 64 KiB would include writes that a real server would have synced long before.
    private func cutFile() throws {
        let mark = try testbed.server.appendMark()
        try wait(milliseconds: 500...2_000)
        let recent = try testbed.server.bytesAppended(since: mark)
        try testbed.server.restart(losingLastBytes: min(recent, 64 << 10))
    }

    /// Disconnects a replica, waits, and promotes the replica. All writes during the wait are lost, so the wait must be
    /// shorter than the time for which clients keep applied events.
    private func failOver() throws {
        let replica = try testbed.makeReplica()
        replica.fallBehind(testbed.server)
        try wait(milliseconds: 100...3_000)
        try testbed.promote(replica)
    }
}
