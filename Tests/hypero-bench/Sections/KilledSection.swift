/// What SIGKILL loses: a hundred trainings that log as fast as they can, each killed at a random moment. Half of them are
/// killed within 25 ms of their first row, in the midst of millions of calls a second; the others log for up to a third of
/// a second, as fast as Redis takes the events. Afterwards `hypero-ingest adopt` sends what they left in their journals, and the rows
/// are counted in the indexes.
///
/// *Accepted* are rows whose log call had returned: the training counts them in a mapped file after each call.
struct KilledSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        let count = plan.divided(100, atLeast: 2)
        let killings = try KillRuns(count, [.sprint, .run]) { dead in
            if dead % 10 == 0 { report.progress("killed: \(dead) of \(count)") }
        }
        for (figure, value, target) in [
            ("rows accepted", killings.accepted, nil), ("rows lost", killings.lost, Targets.lost),
            ("entries applied twice", killings.repeated, Targets.lost),
        ] {
            report.add(
                Row(
                    section: .killed, subject: "\(count) trainings", figure: figure, value: Double(value),
                    unit: .events,
                    targets: target.map { [$0] } ?? []))
        }
    }
}
