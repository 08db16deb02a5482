/// What SIGKILL loses: a hundred trainings that log as fast as they can, each killed within a third of a second of its
/// first row, at a random moment. Afterwards `hypero-ingest adopt` sends what they left in their journals, and the rows
/// are counted in the indexes.
///
/// *Accepted* are rows whose log call had returned: the training counts them in a mapped file after each call.
struct KilledSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        let count = plan.divided(100, atLeast: 2)
        let killings = try Killings(count, after: .milliseconds(1)...(.milliseconds(300))) { dead in
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
