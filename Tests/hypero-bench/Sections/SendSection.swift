/// The rate at which a client sends events over its only connection.
///
/// The time is measured from the first log call until Redis has acknowledged the last event. No ingest runs.
///
/// The comparison is `redis-benchmark -c 1 -P 256` with an XADD of the same fields. The two alternate, each on a new server.
/// redis-benchmark renders its command once, whereas the client renders one for each row.
struct SendSection: Section {
    func run(_ plan: Plan, report: Report) throws {
        let repetitions = plan.divisor == 1 ? 5 : 1
        var sent: [SentRows] = []
        var benchmarked: [BenchmarkedXADD] = []
        for repetition in 1...repetitions {
            report.progress("send: \(repetition) of \(repetitions)")
            let rows = try SentRows(count: plan.events)
            sent.append(rows)
            benchmarked.append(try BenchmarkedXADD(rows.sample, count: plan.events))
        }
        let rows = report.rows(of: "\(NumberText.grouped(plan.events)) rows over one connection", in: .send)
        rows.add(
            "rate", value: sent.map(\.perSecond).median, unit: .eventsPerSecond,
            peer: Row.Peer("redis-benchmark", benchmarked.map(\.perSecond).median), targets: [Targets.send])
        // Ratios of measurements that directly follow each other, because the load of the machine changes within minutes.
        let ratios = zip(sent, benchmarked).map { $0.perSecond / $1.perSecond * 100 }
        rows.add("of redis-benchmark, median of pairs", value: ratios.median, unit: .percent)
        rows.add(
            "Redis' main thread per event", value: sent.map(\.redisMicroseconds).median, unit: .microseconds,
            peer: Row.Peer("redis-benchmark", benchmarked.map(\.redisMicroseconds).median))
    }
}
