/// The whole way from `log` to the indexes, with two clients, Redis and the ingest on the same cores.
///
/// *Sustained*: the clients log as fast as the ingest follows, with at most 100,000 events on their way, for ten seconds.
///
/// *Visible*: at a fixed rate, the time from a log call until the ranking shows its value; a connection of its own looks
/// about 5,000 times a second, so a fifth of a millisecond of the figures is the looking.
struct EndToEndSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        report.progress("end-to-end: sustained")
        let sustained = try SustainedRows(
            warmup: plan.divided(.seconds(2)),
            duration: plan.divided(.seconds(10), atLeast: .milliseconds(500)))
        func add(
            _ subject: String, _ figure: String, _ value: Double, _ unit: Unit, _ target: Target? = nil
        ) {
            report.add(
                Row(
                    section: .endToEnd, subject: subject, figure: figure, value: value, unit: unit,
                    targets: target.map { [$0] } ?? []))
        }
        let subject = "sustained, two clients"
        add(subject, "rate", sustained.perSecond, .eventsPerSecond, Targets.sustained)
        add(subject, "Redis' main thread busy", sustained.redisBusy, .percent)
        add(subject, "Redis' main thread waiting for a core", sustained.redisWaiting, .percent)
        add(subject, "ingest busy", sustained.ingestBusy, .percent)
        add(subject, "clients busy", sustained.clientsBusy, .percent)

        for rate in [1_000, 20_000] {
            report.progress("end-to-end: visible at \(NumberText.grouped(rate)) a second")
            let visible = try VisibleRows(perSecond: rate, duration: plan.divided(.seconds(10)))
            let subject = "from log to the ranking at \(NumberText.grouped(rate)) events/s"
            add(subject, "rate", visible.perSecond, .eventsPerSecond)
            for (name, percent) in [("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9)] {
                add(
                    subject, name, visible.latencies.percentile(percent) / 1e6, .milliseconds,
                    percent == 99 && rate == 20_000 ? Targets.visibleP99 : nil)
            }
        }
    }
}
