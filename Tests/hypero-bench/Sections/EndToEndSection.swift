/// The path of an event from `log` to the indexes, with two clients, Redis and the ingest on the same cores.
///
/// *Sustained*: the clients log for ten seconds as fast as the ingest applies the events, with at most 100,000 events
/// in flight.
///
/// *Visible*: the time from a log call until its value is in the ranking, at a fixed rate of events. A separate connection
/// polls the ranking about 5,000 times per second, so the polling adds about 0.2 ms to the figures.
struct EndToEndSection: Section {
    func run(_ plan: Plan, report: Report) throws {
        report.progress("end-to-end: sustained")
        let sustained = try SustainedRows(
            warmup: plan.divided(.seconds(2)),
            duration: plan.divided(.seconds(10), atLeast: .milliseconds(500)))
        let rows = report.rows(of: "sustained, two clients", in: .endToEnd)
        rows.add("rate", value: sustained.perSecond, unit: .eventsPerSecond, targets: [Targets.sustained])
        rows.add("Redis' main thread busy", value: sustained.redisBusy, unit: .percent)
        rows.add("Redis' main thread waiting for a core", value: sustained.redisWaiting, unit: .percent)
        rows.add("ingest busy", value: sustained.ingestBusy, unit: .percent)
        rows.add("clients busy", value: sustained.clientsBusy, unit: .percent)

        for rate in [1_000, 20_000] {
            report.progress("end-to-end: visible at \(NumberText.grouped(rate)) events per second")
            let visible = try VisibleRows(perSecond: rate, duration: plan.divided(.seconds(10)))
            let rows = report.rows(
                of: "from log to the ranking at \(NumberText.grouped(rate)) events/s", in: .endToEnd)
            rows.add("rate", value: visible.perSecond, unit: .eventsPerSecond)
            for (name, percent) in [("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9)] {
                rows.add(
                    name, value: visible.latencies.percentile(percent) / 1e6, unit: .milliseconds,
                    targets: percent == 99 && rate == 20_000 ? [Targets.visibleP99] : [])
            }
        }
    }
}
