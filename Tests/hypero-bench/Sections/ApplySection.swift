import Glibc
import TestSupport

/// The rate at which the ingest applies a backlog, its cost, and the delay for other clients of Redis.
///
/// There are three backlogs. The first has rows of three channels of 2,000 experiments, fifty experiments at a time. In the
/// second, the same experiments log in turn, as in a wide fleet, so that few events of a batch fold together. The third is
/// the worst case, in which each event belongs to another experiment.
///
/// `hypero-ingest run --drain` drains each backlog three times, each time on a new server, and the figures are those of
/// the run with the median time. The time is the run time of the whole process.
///
/// The section also prints the share of the time in which the main thread of Redis had work, that is, was busy or
/// waited for a core. Redis, the ingest and the sync of the append-only file share two cores. Redis waits for the
/// ingest only in the remaining time.
///
/// The comparison is *the same commands*. One more drain runs through a recorder, which stores the bytes that the ingest
/// sends. A replay sends these bytes to new servers with the same backlog, without waits, and discards the replies. The
/// replay shows the time that Redis needs for the commands alone. The ratio shows the time that the ingest adds, because
/// Redis waits for the ingest and receives smaller batches than possible. The ratio does not show whether fewer or other
/// commands would be sufficient.
///
/// The recorder costs time, and the ingest chooses its batch sizes by time. Compare the number of transactions with and
/// without the recorder to judge whether the recording is representative.
///
/// During another drain, a second client sends a PING every millisecond. The comparison is a PING to an idle Redis.
struct ApplySection: Section {
    func run(_ plan: Plan, report: Report) throws {
        let rows = Backlog(
            experiments: plan.experiments, epochs: max(plan.events / plan.experiments - 2, 1))
        var fleet = rows
        fleet.producers = rows.experiments
        let starts = Backlog(experiments: plan.events, isDeclaredOnce: true)
        try measure(
            rows, plan: plan,
            rows: report.rows(of: "rows of \(NumberText.grouped(rows.experiments)) experiments", in: .apply),
            rateTarget: Targets.applyRows, processorTargets: [Targets.applyRowsCPU]
        ) { report.progress("apply: rows, \($0)") }
        try measure(
            fleet, plan: plan,
            rows: report.rows(of: "rows of \(NumberText.grouped(rows.experiments)) experiments in turn", in: .apply),
            rateTarget: Targets.applyFleet, processorTargets: []
        ) { report.progress("apply: rows in turn, \($0)") }
        try measure(
            starts, plan: plan,
            rows: report.rows(
                of: "\(NumberText.grouped(starts.experiments)) experiments of one event", in: .apply),
            rateTarget: Targets.applyStarts, processorTargets: []
        ) { report.progress("apply: experiments of one event, \($0)") }
    }

    private func measure(
        _ backlog: Backlog, plan: Plan, rows: SubjectRows, rateTarget: Target, processorTargets: [Target],
        progress: (String) -> Void
    ) throws {
        progress("recording")
        let (recording, recordedDrain) = try record(backlog)
        var drains: [Drain] = []
        var replays: [Replay] = []
        for repetition in 1...plan.repetitions {
            progress("\(repetition) of \(plan.repetitions)")
            drains.append(try Drain(try makeServer(with: backlog)))
            replays.append(try replay(recording, over: backlog))
        }
        drains.sort { $0.seconds < $1.seconds }
        replays.sort { $0.seconds < $1.seconds }
        let drain = drains[drains.count / 2]
        let replay = replays[replays.count / 2]
        let events = Double(drain.events)
        rows.add(
            "rate", value: drain.eventsPerSecond, unit: .eventsPerSecond,
            peer: Row.Peer("the same commands", events / replay.seconds), targets: [rateTarget])
        rows.add(
            "Redis' main thread per event", value: drain.redisMicroseconds, unit: .microseconds,
            peer: Row.Peer("the same commands", replay.redisSeconds * 1e6 / events), targets: processorTargets)
        rows.add("Redis' main thread busy", value: drain.redisBusy, unit: .percent, targets: [Targets.redisBusy])
        rows.add(
            "Redis' main thread has work", value: drain.redisBusy + drain.redisWaited / drain.seconds * 100,
            unit: .percent)
        rows.add("ingest per event", value: drain.ingestMicroseconds, unit: .microseconds)
        rows.add(
            "ingest's peak memory", value: Double(drain.ingestPeak) / 1_048_576, unit: .mebibytes,
            targets: [Targets.ingestMemory])
        rows.add(
            "transactions", value: Double(drain.transactions), unit: .calls,
            peer: Row.Peer("while recorded", Double(recordedDrain.transactions)))

        progress("PING during a drain")
        let (busy, idle) = try heartbeats(backlog, plan: plan)
        for (figure, value, targets) in [
            ("PING p50", \Latencies.median, []), ("PING p99", \Latencies.p99, [Targets.heartbeatP99]),
            ("PING max", \Latencies.longest, []),
        ] as [(String, KeyPath<Latencies, Double>, [Target])] {
            rows.add(
                figure, value: busy[keyPath: value] / 1e6, unit: .milliseconds,
                peer: Row.Peer("PING of an idle Redis", idle[keyPath: value] / 1e6), targets: targets)
        }
    }

    private func makeServer(with backlog: Backlog) throws -> BenchServer {
        let server = try BenchServer()
        try backlog.write(to: server)
        return server
    }

    private func record(_ backlog: Backlog) throws -> (Recording, Drain) {
        let server = try makeServer(with: backlog)
        let recorder = try Recorder(to: server)
        let drain = try Drain(server, through: recorder.url)
        return (recorder.stop(), drain)
    }

    private func replay(_ recording: Recording, over backlog: Backlog) throws -> Replay {
        let server = try makeServer(with: backlog)
        let replay = try Replay(of: recording, to: server)
        // A transaction that its WATCH aborted would have cost nothing.
        guard try server.applied() == backlog.events else {
            throw BenchError("the replay applied only \(try server.applied()) of \(backlog.events) events")
        }
        return replay
    }

    private func heartbeats(_ backlog: Backlog, plan: Plan) throws -> (busy: Latencies, idle: Latencies) {
        let server = try makeServer(with: backlog)
        let idleHeartbeat = try Heartbeat(server)
        usleep(UInt32(plan.divided(.seconds(2)) / .microseconds(1)))
        let idle = try idleHeartbeat.stop()
        let busyHeartbeat = try Heartbeat(server)
        _ = try Drain(server)
        return (try busyHeartbeat.stop(), idle)
    }
}
