/// How many events a client sends in a second over its one connection: from the first log call until Redis has
/// acknowledged the last, with nobody who applies them.
///
/// Beside: `redis-benchmark -c 1 -P 256` with an XADD of the very fields of such a row, each run on a fresh server and
/// the two in turn. What redis-benchmark sends is made once, and what the client sends is made for each row.
struct SendSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        let repetitions = plan.divisor == 1 ? 5 : 1
        var ours: [SentRows] = []
        var theirs: [BenchmarkedXADD] = []
        for repetition in 1...repetitions {
            report.progress("send: \(repetition) of \(repetitions)")
            let sent = try SentRows(plan.events)
            ours.append(sent)
            theirs.append(try BenchmarkedXADD(sent.sample, count: plan.events))
        }
        let subject = "\(NumberText.grouped(plan.events)) rows over one connection"
        report.add(
            Row(
                section: .send, subject: subject, figure: "rate", value: ours.map(\.perSecond).median,
                unit: .eventsPerSecond, peer: Row.Peer("redis-benchmark", theirs.map(\.perSecond).median),
                targets: [Targets.send]))
        // A ratio of neighbours in time: what else the machine does changes from minute to minute.
        let ratios = zip(ours, theirs).map { $0.perSecond / $1.perSecond * 100 }
        report.add(
            Row(
                section: .send, subject: subject, figure: "of redis-benchmark, median of pairs", value: ratios.median,
                unit: .percent))
        report.add(
            Row(
                section: .send, subject: subject, figure: "Redis' main thread an event",
                value: ours.map(\.redisMicroseconds).median, unit: .microseconds,
                peer: Row.Peer("redis-benchmark", theirs.map(\.redisMicroseconds).median)))
    }
}
