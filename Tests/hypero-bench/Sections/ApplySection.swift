import Glibc
import TestSupport

/// How fast a backlog is applied, what that costs, and whether Redis still answers others meanwhile.
///
/// Two backlogs: rows of three channels of 2,000 experiments, fifty of them at a time, and the worst case, where each
/// event is of another experiment and nothing folds. `hypero-ingest run --drain` is started over each, three times, on a
/// fresh server each time; the figures are those of the run in the middle. The time is that of the whole process. How much
/// of it Redis' main thread had work, which is to be busy or to wait for a core, stands there too: where Redis, the ingest
/// and the sync of the file share two cores, only the rest is time in which Redis waits for the ingest.
///
/// Beside: *the same commands*. A first drain runs through a recorder, which notes what the ingest sends. Those bytes are
/// then sent to fresh servers with the same backlog, without a wait between them, and the replies are thrown away. That is
/// what Redis needs for the commands alone, so the ratio shows what the ingest adds: time in which Redis waits for it, and
/// work for it in smaller pieces than could be. It says nothing of whether other commands would do. The recorder takes
/// time, and the ingest chooses its batches by time: the number of transactions says how far the recording is what an
/// ingest sends without it.
///
/// While one more drain runs, another client asks PING each millisecond; beside it the same with nothing else going on.
struct ApplySection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        let rows = Backlog(
            experiments: plan.experiments, epochs: max(plan.events / plan.experiments - 2, 1))
        let starts = Backlog(experiments: plan.events, isDeclaredOnce: true)
        try measure(
            rows, "rows of \(NumberText.grouped(rows.experiments)) experiments", rate: Targets.applyRows,
            cpu: Targets.applyRowsCPU, plan, report)
        try measure(
            starts, "\(NumberText.grouped(starts.experiments)) experiments of one event", rate: Targets.applyStarts,
            cpu: nil, plan, report)
    }

    private func measure(
        _ backlog: Backlog, _ subject: String, rate: Target, cpu: Target?, _ plan: Plan, _ report: Report
    ) throws {
        func add(
            _ figure: String, _ value: Double, _ unit: Unit, _ peer: Row.Peer? = nil, _ target: Target? = nil,
            note: String? = nil
        ) {
            report.add(
                Row(
                    section: .apply, subject: subject, figure: figure, value: value, unit: unit, peer: peer,
                    targets: target.map { [$0] } ?? [], note: note))
        }
        report.progress("apply: \(subject), recording")
        let (recording, recorded) = try record(backlog)
        var drains: [Drain] = []
        var replays: [Replay] = []
        for repetition in 1...plan.repetitions {
            report.progress("apply: \(subject), \(repetition) of \(plan.repetitions)")
            drains.append(try Drain(try filled(with: backlog)))
            replays.append(try replay(recording, over: backlog))
        }
        drains.sort { $0.seconds < $1.seconds }
        replays.sort { $0.seconds < $1.seconds }
        let drain = drains[drains.count / 2]
        let replay = replays[replays.count / 2]
        let events = Double(drain.events)
        add(
            "rate", drain.eventsPerSecond, .eventsPerSecond, Row.Peer("the same commands", events / replay.seconds),
            rate)
        add(
            "Redis' main thread an event", drain.redisMicroseconds, .microseconds,
            Row.Peer("the same commands", replay.redisSeconds * 1e6 / events), cpu)
        add("Redis' main thread busy", drain.redisBusy, .percent, nil, Targets.redisBusy)
        add("Redis' main thread has work", drain.redisBusy + drain.redisWaited / drain.seconds * 100, .percent)
        add("ingest an event", drain.ingestMicroseconds, .microseconds)
        add("ingest's peak memory", Double(drain.ingestPeak) / 1_048_576, .mebibytes, nil, Targets.ingestMemory)
        add(
            "transactions", Double(drain.transactions), .calls,
            Row.Peer("while recorded", Double(recorded.transactions)))

        report.progress("apply: \(subject), PING meanwhile")
        let (busy, idle) = try heartbeats(backlog, plan)
        add("PING p50", busy.median / 1e6, .milliseconds, Row.Peer("PING of an idle Redis", idle.median / 1e6))
        add(
            "PING p99", busy.percentile(99) / 1e6, .milliseconds,
            Row.Peer("PING of an idle Redis", idle.percentile(99) / 1e6), Targets.heartbeatP99)
        add("PING max", busy.longest / 1e6, .milliseconds, Row.Peer("PING of an idle Redis", idle.longest / 1e6))
    }

    private func filled(with backlog: Backlog) throws -> BenchServer {
        let server = try BenchServer()
        try backlog.write(to: server)
        return server
    }

    private func record(_ backlog: Backlog) throws -> (Recording, Drain) {
        let server = try filled(with: backlog)
        let recorder = try Recorder(to: server)
        let drain = try Drain(server, through: recorder.url)
        return (recorder.end(), drain)
    }

    private func replay(_ recording: Recording, over backlog: Backlog) throws -> Replay {
        let server = try filled(with: backlog)
        let replay = try Replay(of: recording, to: server)
        // A transaction that its WATCH had broken off would have cost nothing.
        guard try server.applied() == backlog.events else {
            throw BenchError("the commands of the ingest, sent again, applied \(try server.applied()) events only")
        }
        return replay
    }

    private func heartbeats(_ backlog: Backlog, _ plan: Plan) throws -> (busy: Latencies, idle: Latencies) {
        let server = try filled(with: backlog)
        let calm = try Heartbeat(server)
        usleep(UInt32(plan.divided(.seconds(2)) / .microseconds(1)))
        let idle = try calm.end()
        let heartbeat = try Heartbeat(server)
        _ = try Drain(server)
        return (try heartbeat.end(), idle)
    }
}
