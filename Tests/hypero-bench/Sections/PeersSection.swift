/// hypero beside other trackers, with the same rows to log: 200 runs of four hyper-parameters and 50 rows of three
/// channels for the top ten by the best `valid` of each run, and one run of many rows for the rest.
///
/// - *A log call* as it is called in a tight loop, the clock included; and the loop's *rate*.
/// - *Exit*: from the last call's return until the process has ended, with everything handed over.
/// - *Top ten*: asked once by a program that has not asked before. hypero ranks by the best over the run as it stands;
///   how a peer is asked for that is written in `Scripts/peers/tools`.
/// - *Killed*: rows that a training had logged one to two seconds long, and that nothing shows after a SIGKILL.
///
/// The peers are called from Python, as they are made to be, in environments that `Scripts/peers/run` makes on the spot;
/// one that cannot be installed stands in the table with the reason. Each stands beside hypero.
struct PeersSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        let script = try PeerScript(quick: plan.divisor > 1)
        let own = try OwnFigures(try script.workload()).measured { report.progress("peers: \($0)") }
        let peers = try script.figures { report.progress("peers: \($0)") }

        func add(_ subject: String, _ unit: Unit, _ value: (PeerFigures) -> Double?) {
            guard let ours = value(own) else { return }
            for figures in [own] + peers {
                guard let theirs = value(figures) else { continue }
                report.add(
                    Row(
                        section: .peers, subject: subject, figure: figures.title, value: theirs, unit: unit,
                        peer: figures.peer == own.peer ? nil : Row.Peer("hypero", ours), note: figures.note))
            }
        }
        // One that keeps nothing loses nothing.
        func kept(_ figures: PeerFigures) -> PeerFigures.Killed? {
            figures.killed.flatMap { $0.accepted > 0 ? $0 : nil }
        }
        add("log call p50", .nanoseconds) { $0.callTimes?.p50 }
        add("log call p99", .nanoseconds) { $0.callTimes?.p99 }
        add("log call p99.9", .nanoseconds) { $0.callTimes?.p999 }
        add("rate", .eventsPerSecond) { $0.rowsPerSecond }
        add("exit", .milliseconds) { $0.exitSeconds.map { $0 * 1e3 } }
        add("top ten", .milliseconds) { $0.topTenMilliseconds }
        add("rows accepted before SIGKILL", .events) { kept($0).map { Double($0.accepted) } }
        add("rows lost to SIGKILL", .events) { kept($0).map { Double($0.lost) } }
        for figures in peers {
            guard let reason = figures.failed else { continue }
            report.add(
                Row(
                    section: .peers, subject: "not measured", figure: figures.title, value: nil, unit: .events,
                    note: reason))
        }
    }
}
