import HyperoSchema

/// The figures of queries that read many experiments: filters of a ranking, and an export.
///
/// The export is compared with a script in Python that reads the same hashes by pipelines of HGETALL.
struct ScanFigures {
    let server: BenchServer
    let plan: Plan

    /// The script, relative to the repository's folder, which `Scripts/bench` changes to.
    private static let script = "Scripts/bench-peers/read-hashes.py"

    /// - Parameter backlog: the experiments, whose hyper-parameters are uniform from 0 to 1.
    func measure(_ backlog: Backlog, _ report: Report) throws {
        let count = NumberText.grouped(backlog.experiments)
        for (text, expression, targets) in [
            ("1 in 2", "hyper0 < 0.5", []), ("1 in 100", "hyper0 < 0.01", [Targets.whereMillion]),
            ("1 in 1,000", "hyper0 < 0.001", []),
        ] {
            report.progress("query: rank --where '\(expression)'")
            var times = Latencies()
            let rank = TimedProcess(
                "hypero-query", ["rank", backlog.battery, "--where", expression, "--redis", server.url])
            _ = try rank.run()
            for _ in 0..<plan.divided(50, atLeast: 5) {
                let (start, end) = try rank.run()
                times.record(end - start)
            }
            let rows = report.rows(of: "rank --where, \(text) of \(count)", in: .query)
            rows.add("whole process p50", value: times.percentile(50) / 1e6, unit: .milliseconds, targets: targets)
            rows.add("whole process p99", value: times.percentile(99) / 1e6, unit: .milliseconds)
        }
        try measureOnce(
            "rank --where, none of \(count)", ["rank", backlog.battery, "--where", "hyper0 < -1"], report)

        report.progress("query: \(Self.script)")
        let key = server.keyspace.battery(backlog.batteryID)
        let peer = try TimedProcess("python3", [Self.script, server.socket, key]).runWatchingMemory()
        try measureOnce(
            "export of \(count)", ["export", backlog.battery],
            peer: Row.Peer("Python", Double(peer.duration) / 1e9), targets: [Targets.exportRatio],
            memory: [Targets.exportMemory], report)
        for options in [["--format", "json"], ["--order-by", "valid"], ["--order-by", "param.hyper0"]] {
            try measureOnce(
                "export \(options.joined(separator: " "))", ["export", backlog.battery] + options,
                memory: [Targets.exportMemory], report)
        }
    }

    private func measureOnce(
        _ subject: String, _ arguments: [String], peer: Row.Peer? = nil, targets: [Target] = [],
        memory: [Target] = [], _ report: Report
    ) throws {
        report.progress("query: \(subject)")
        let (duration, peak) = try TimedProcess("hypero-query", arguments + ["--redis", server.url]).runWatchingMemory()
        let rows = report.rows(of: subject, in: .query)
        rows.add("whole process", value: Double(duration) / 1e9, unit: .seconds, peer: peer, targets: targets)
        rows.add("memory", value: Double(peak) / 0x1p20, unit: .mebibytes, targets: memory)
    }
}
