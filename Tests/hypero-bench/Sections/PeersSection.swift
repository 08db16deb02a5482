/// hypero and other trackers with the same rows.
///
/// The workload for the top ten by the best `valid` of each run has 200 runs of four hyper-parameters and 50 rows of three
/// channels. The workload of all other figures is one run of many rows.
///
/// - *Log call*: the duration of a call in a tight loop, including the clock. *Rate* is the rate of the loop.
/// - *Exit*: the time from the return of the last call until the process has ended and all rows are stored.
/// - *Top ten*: the first query of a new program. hypero ranks by the best value of a run.
///   `Scripts/bench-peers/tools` has the corresponding query of each peer.
/// - *Killed*: the rows that were logged within one to two seconds and that are missing after a SIGKILL.
///
/// The peers are called from Python, as intended by their authors, in environments that `Scripts/bench-peers/run` creates. A
/// peer that cannot be installed is listed with the reason. hypero is measured from Swift, and from Python as one of the peers.
/// The comparison of each peer is hypero from Swift.
struct PeersSection: Section {
    func run(_ plan: Plan, report: Report) throws {
        let script = try PeerScript(quick: plan.divisor > 1)
        let own = try OwnFigures(try script.workload()).measure { report.progress("peers: \($0)") }
        let peers = try script.figures { report.progress("peers: \($0)") }

        func add(_ subject: String, unit: Unit, value: (PeerFigures) -> Double?) {
            guard let ownValue = value(own) else { return }
            let rows = report.rows(of: subject, in: .peers)
            for figures in [own] + peers {
                guard let peerValue = value(figures) else { continue }
                rows.add(
                    figures.title, value: peerValue, unit: unit,
                    peer: figures.peer == own.peer ? nil : Row.Peer(own.peer, ownValue), note: figures.note)
            }
        }
        // The peer "nothing" stores no rows, so it cannot lose rows.
        func killed(_ figures: PeerFigures) -> PeerFigures.Killed? {
            figures.killed.flatMap { $0.accepted > 0 ? $0 : nil }
        }
        add("log call p50", unit: .nanoseconds) { $0.callTimes?.p50 }
        add("log call p99", unit: .nanoseconds) { $0.callTimes?.p99 }
        add("log call p99.9", unit: .nanoseconds) { $0.callTimes?.p999 }
        add("rate", unit: .eventsPerSecond) { $0.rowsPerSecond }
        add("exit", unit: .milliseconds) { $0.exitSeconds.map { $0 * 1e3 } }
        add("top ten", unit: .milliseconds) { $0.topTenMilliseconds }
        add("rows accepted before SIGKILL", unit: .events) { killed($0).map { Double($0.accepted) } }
        add("rows lost to SIGKILL", unit: .events) { killed($0).map { Double($0.lost) } }
        for figures in peers {
            guard let reason = figures.failed else { continue }
            report.rows(of: "not measured", in: .peers).add(figures.title, value: nil, unit: .events, note: reason)
        }
    }
}
