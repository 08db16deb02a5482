import HyperoSchema

extension StoreStatus: Rendering {
    package func writeTable(to page: inout Page) {
        for server in servers {
            let memory = server.memory.map { bytesText($0) + " in use" }
            let limit = server.maxMemory.map { $0 == 0 ? " of no limit" : " of \(bytesText($0))" } ?? ""
            page.line([
                Page.Span(server.url, .bold),
                Page.Span("  \(server.version ?? "version unknown"), \(memory.map { $0 + limit } ?? "memory unknown")"),
            ])
        }
        page.line()
        var table = Table(
            // What matters most first: a narrow terminal has no room for all.
            columns: [Table.Column(title: "partition"), Table.Column(title: "owner")]
                + ["behind", "dead", "missed", "last applied", "applied", "gaps", "duplicates", "stream"]
                .map { Table.Column(title: $0, isNumeric: true) })
        table.rows = partitions.map { partition in
            let owner =
                switch partition.lease {
                case .held(let owner): Table.Cell(owner, .green)
                case .free: Table.Cell("nobody", .red)
                case .unknown: Table.Cell("unknown", .dim)
                }
            return [
                Table.Cell(partition.tag), owner,
                partition.behind.map { Table.Cell("\($0)", $0 > 0 ? .yellow : .plain) } ?? Table.Cell("unknown", .dim),
                Table.Cell(
                    "\(partition.deadLetters ?? partition.dead)",
                    (partition.deadLetters ?? partition.dead) > 0 ? .red : .plain),
                Table.Cell("\(partition.missed)", partition.missed > 0 ? .red : .plain),
                Table.Cell(partition.lastApplied.map { agoText($0, now: page.now) } ?? "never"),
                Table.Cell("\(partition.applied)"), Table.Cell("\(partition.gaps)"),
                Table.Cell("\(partition.duplicates)"), Table.Cell("\(partition.entries)"),
            ]
        }
        table.writeWithRest(to: &page, advice: "widen the terminal, or --format json")
        guard !warnings.isEmpty else { return }
        page.line()
        for warning in warnings { page.line([Page.Span("warning: ", .yellow), Page.Span(warning)]) }
    }

    /// `servers partitions warnings` on one line.
    package func writeJSON(to page: inout Page) {
        var object = JSONObject()
        object.add(
            "servers",
            array: servers.map { server in
                var object = JSONObject()
                object.add("url", server.url)
                object.add("version", server.version)
                object.add("memory", server.memory)
                object.add("max_memory", server.maxMemory)
                object.add("eviction_policy", server.evictionPolicy)
                object.add("append_only_file", server.hasAppendOnlyFile)
                return object.text
            })
        object.add(
            "partitions",
            array: partitions.map { partition in
                var object = JSONObject()
                object.add("partition", partition.tag)
                object.add("stream", partition.entries)
                object.add("behind", partition.behind)
                object.add("waiting_since", partition.waitingSince)
                object.add("applied", partition.applied)
                object.add("duplicates", partition.duplicates)
                object.add("gaps", partition.gaps)
                object.add("missed", partition.missed)
                object.add("rewinds", partition.rewinds)
                object.add("last_rewind", partition.lastRewind)
                object.add("takeovers", partition.takeovers)
                object.add("last_takeover", partition.lastTakeover)
                object.add("dead", partition.dead)
                object.add("dead_letters", partition.deadLetters)
                object.add("requeued", partition.requeued)
                object.add("dead_reason", partition.latestDeadReason)
                object.add("last_applied", partition.lastApplied)
                object.add("last_owner", partition.lastOwner)
                object.add("owned", partition.isOwned)
                object.add("owner", partition.owner)
                return object.text
            })
        object.add("warnings", array: warnings.map(JSON.quoted))
        page.line(object.text)
    }

    /// The partitions.
    package func writeCSV(to page: inout Page) {
        CSV.write(
            [
                "partition", "stream", "behind", "waiting_since", "applied", "duplicates", "gaps", "missed",
                "rewinds", "last_rewind", "dead", "dead_letters", "requeued", "last_applied", "last_owner", "owner",
            ], to: &page)
        for partition in partitions {
            CSV.write(
                [
                    partition.tag, String(partition.entries), partition.behind.map { String($0) },
                    partition.waitingSince.map { String($0) }, String(partition.applied), String(partition.duplicates),
                    String(partition.gaps), String(partition.missed), String(partition.rewinds),
                    partition.lastRewind.map { String($0) }, String(partition.dead),
                    partition.deadLetters.map { String($0) }, String(partition.requeued),
                    partition.lastApplied.map { String($0) }, partition.lastOwner, partition.owner,
                ], to: &page)
        }
    }
}

extension PartitionStatus {
    /// Who owns the partition now; nil for nobody and when nobody knows.
    fileprivate var owner: String? {
        if case .held(let owner) = lease { owner } else { nil }
    }

    /// Whether anybody does; nil when nobody knows.
    fileprivate var isOwned: Bool? {
        lease == .unknown ? nil : lease != .free
    }
}
