/// The events lost to SIGKILL.
///
/// A hundred trainings log at full speed, and each is killed at a random time. Half of them are killed within 25 ms of their
/// first row, in the middle of millions of calls per second. The others log for up to 0.3 s at the speed of Redis. Afterwards
/// `hypero-ingest adopt` sends the journals, and the rows in the indexes are counted.
///
/// *Accepted* rows are those whose log call had returned. The training counts them in a mapped file after each call.
struct KilledSection: Section {
    func run(_ plan: Plan, report: Report) throws {
        let count = plan.divided(100, atLeast: 2)
        let kills = try KillRuns(count, scenarios: [.fullSpeed, .redisSpeed]) { killed in
            if killed % 10 == 0 { report.progress("killed: \(killed) of \(count)") }
        }
        let rows = report.rows(of: "\(count) trainings", in: .killed)
        rows.add("rows accepted", value: Double(kills.accepted), unit: .events)
        rows.add("rows lost", value: Double(kills.lost), unit: .events, targets: [Targets.lost])
        rows.add("entries applied twice", value: Double(kills.repeated), unit: .events, targets: [Targets.lost])
    }
}
