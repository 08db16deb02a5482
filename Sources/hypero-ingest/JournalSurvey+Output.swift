import Hypero
import HyperoCore
import HyperoQuery

extension JournalSurvey {
    /// Returns the journals as rows. The keys in JSON are a contract for programs.
    ///
    /// - Parameter onlyUnsent: true to leave out journals without unsent events and problems.
    func listing(onlyUnsent: Bool) -> Listing {
        let columns: [Listing.Column] = [
            .init("journal", title: "journal"), .init("state", title: "state"), .init("pid", title: "pid"),
            .init("events", title: "events"), .init("unsent", title: "unsent"),
            .init("unsent_since", title: "oldest"), .init("bytes", title: "bytes"), .init("changed", title: "changed"),
            .init("partition", title: "partition"), .init("server", title: "server"),
            .init("user", title: "user"), .init("partitions", title: nil), .init("host", title: nil),
            .init("last_event", title: nil),
            .init("damaged", title: nil), .init("problems", title: "problems"),
        ]
        let listed = onlyUnsent ? journals.filter { $0.unsent != 0 || !problems(of: $0).isEmpty } : journals
        let rows: [[Listing.Value]] = listed.map { journal in
            [
                .text(journal.name), .text(journal.state.rawValue), .number(journal.pid.map(Int.init)),
                .number(journal.events), .number(journal.unsent), .time(journal.unsentSince), .bytes(journal.bytes),
                .time(journal.changed), .text(journal.tag), .text(journal.server), .number(Int(journal.user)),
                .number(journal.partitions),
                .text(journal.host), .time(journal.lastEvent), .number(journal.damaged), .texts(problems(of: journal)),
            ]
        }
        return Listing(columns, rows: rows, absence: onlyUnsent ? "no journals with unsent events" : "no journals")
    }

    /// Returns the problems of a journal, with its damaged records. In a journal in use these may be unfinished.
    private func problems(of journal: JournalReport) -> [String] {
        guard journal.damaged > 0, journal.state != .inUse else { return journal.problems }
        return ["\(AdoptCommand.counted(journal.damaged, of: "damaged record"))"] + journal.problems
    }

    /// Returns sums by state as metrics of Prometheus. A metric per journal would make a series of each training.
    ///
    /// - Parameter now: the time from which ages are measured, in Unix milliseconds.
    func metrics(now: Int64 = WallClock.milliseconds) -> String {
        var metrics = MetricsText()
        func add(_ name: String, help: String, _ value: ([JournalReport]) -> Int) {
            metrics.add(
                name, .gauge, help: help,
                samples: JournalReport.State.allCases.map { state in
                    .init(value(journals.filter { $0.state == state }), ("state", state.rawValue))
                })
        }
        add("hypero_journals", help: "The journals on this host.", \.count)
        add("hypero_journal_bytes", help: "The bytes of these journals on the disk.") {
            $0.reduce(0) { $0 &+ $1.bytes }
        }
        add("hypero_journal_events", help: "The events in these journals, sent ones too.") {
            $0.reduce(0) { $0 &+ ($1.events ?? 0) }
        }
        add("hypero_journal_unsent_events", help: "The events in these journals that Redis has not acknowledged.") {
            $0.reduce(0) { $0 &+ ($1.unsent ?? 0) }
        }
        metrics.add(
            "hypero_journal_unsent_seconds", .gauge, help: "The age of the oldest of these events, 0 without one.",
            samples: JournalReport.State.allCases.map { state in
                let since = journals.filter { $0.state == state }.compactMap(\.unsentSince).min()
                let age = since.map { max(now.subtractingReportingOverflow($0).partialValue, 0) }
                return .init(milliseconds: age ?? 0, ("state", state.rawValue))
            })
        metrics.add(
            "hypero_journal_problems", .gauge,
            help: "The journals with damaged records or files that cannot be read.",
            samples: [.init(journals.count { !problems(of: $0).isEmpty })])
        metrics.add(
            "hypero_journals_other_users", .gauge,
            help: "The journals of other users, which are not read.",
            samples: [.init(otherUserJournals)])
        return metrics.text
    }
}
