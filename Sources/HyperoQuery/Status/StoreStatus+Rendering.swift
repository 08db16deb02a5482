import HyperoSchema

extension StoreStatus: Rendering {
    package func writeTable(to page: inout Page) {
        for server in servers {
            let memory = server.usedMemory.map { bytesText($0) + " in use" }
            let limit = server.maxMemory.map { $0 == 0 ? " of no limit" : " of \(bytesText($0))" } ?? ""
            page.line([
                Page.Span(server.url, style: .bold),
                Page.Span("  \(server.version ?? "version unknown"), \(memory.map { $0 + limit } ?? "memory unknown")"),
                Page.Span(server.primary.map { ", replica of \($0)" } ?? "", style: .yellow),
            ])
        }
        page.line()
        var table = Table(
            // The most important columns first: a narrow terminal hides the last ones.
            columns: [Table.Column(title: "partition"), Table.Column(title: "owner")]
                + [
                    "behind", "dead", "missed", "last applied", "applied", "gaps", "duplicates", "deleted", "stream",
                    "commands",
                ].map { Table.Column(title: $0, isNumeric: true) })
        table.rows = partitions.map { partition in
            let owner =
                switch partition.lease {
                case .held(let owner): Table.Cell(owner, style: .green)
                case .free where partition.isAtRest: Table.Cell("at rest", style: .dim)
                case .free: Table.Cell("none", style: .red)
                case .unknown: Table.Cell("unknown", style: .dim)
                }
            let deadLetters = partition.deadLetters ?? partition.totalDeadLetters
            return [
                Table.Cell(partition.tag), owner,
                partition.backlog.map { Table.Cell("\($0)", style: $0 > 0 ? .yellow : .plain) }
                    ?? Table.Cell("unknown", style: .dim),
                Table.Cell("\(deadLetters)", style: deadLetters > 0 ? .red : .plain),
                Table.Cell("\(partition.missed)", style: partition.missed > 0 ? .red : .plain),
                Table.Cell(partition.lastApplied.map { agoText($0, now: page.now) } ?? "never"),
                Table.Cell("\(partition.applied)"), Table.Cell("\(partition.gaps)"),
                Table.Cell("\(partition.duplicates)"), Table.Cell("\(partition.deleted)"),
                Table.Cell("\(partition.streamLength)"),
                Table.Cell(
                    "\(partition.waitingCommands)", style: partition.waitingCommands > 0 ? .yellow : .plain),
            ]
        }
        table.writeWithFooter(to: &page)
        let standbys = standbyTexts.map { $0.isEmpty ? "none" : $0.joined(separator: ", ") } ?? "unknown"
        page.line("standbys: \(standbys)", style: .dim)
        guard !warnings.isEmpty else { return }
        page.line()
        for warning in warnings { page.line([Page.Span("warning: ", style: .yellow), Page.Span(warning)]) }
    }

    /// Writes one object: `servers partitions warnings`.
    package func writeJSON(to page: inout Page) {
        var object = JSONObject()
        object.add(
            "servers",
            array: servers.map { server in
                var object = JSONObject()
                object.add("url", value: server.url)
                object.add("version", value: server.version)
                object.add("memory", value: server.usedMemory)
                object.add("max_memory", value: server.maxMemory)
                object.add("eviction_policy", value: server.evictionPolicy)
                object.add("append_only_file", value: server.hasAppendOnlyFile)
                object.add("replica_of", value: server.primary)
                return object.text
            })
        object.add(
            "partitions",
            array: partitions.map { partition in
                var object = JSONObject()
                object.add("partition", value: partition.tag)
                object.add("stream", value: partition.streamLength)
                object.add("behind", value: partition.backlog)
                object.add("waiting_since", value: partition.waitingSince)
                object.add("applied", value: partition.applied)
                object.add("duplicates", value: partition.duplicates)
                object.add("deleted", value: partition.deleted)
                object.add("gaps", value: partition.gaps)
                object.add("missed", value: partition.missed)
                object.add("rewinds", value: partition.rewinds)
                object.add("last_rewind", value: partition.lastRewind)
                object.add("takeovers", value: partition.takeovers)
                object.add("last_takeover", value: partition.lastTakeover)
                object.add("dead", value: partition.totalDeadLetters)
                object.add("dead_letters", value: partition.deadLetters)
                object.add("requeued", value: partition.requeued)
                object.add("dead_trimmed", value: partition.trimmedDeadLetters)
                object.add("dead_reason", value: partition.latestDeadReason)
                object.add("last_applied", value: partition.lastApplied)
                object.add("last_owner", value: partition.lastOwner)
                object.add("owned", value: partition.isOwned)
                object.add("owner", value: partition.lease.owner)
                object.add("at_rest", value: partition.isAtRest)
                if let standbys = partition.standbys {
                    object.add("standbys", array: standbys.map(JSON.quoted))
                } else {
                    object.add("standbys", json: "null")
                }
                object.add("commands", value: partition.waitingCommands)
                object.add("commands_waiting_since", value: partition.commandsWaitingSince)
                object.add("format", value: partition.format)
                return object.text
            })
        object.add("warnings", array: warnings.map(JSON.quoted))
        page.line(object.text)
    }

    /// Writes one record per partition.
    package func writeCSV(to page: inout Page) {
        CSV.write(
            [
                "partition", "stream", "behind", "waiting_since", "applied", "duplicates", "gaps", "missed",
                "rewinds", "last_rewind", "takeovers", "last_takeover", "dead", "dead_letters", "requeued",
                "dead_trimmed", "dead_reason", "last_applied", "last_owner", "owned", "owner", "at_rest", "deleted",
                "standbys", "commands", "commands_waiting_since", "format",
            ], to: &page)
        for partition in partitions {
            CSV.write(
                [
                    partition.tag, String(partition.streamLength), partition.backlog.map { String($0) },
                    partition.waitingSince.map { String($0) }, String(partition.applied), String(partition.duplicates),
                    String(partition.gaps), String(partition.missed), String(partition.rewinds),
                    partition.lastRewind.map { String($0) }, String(partition.takeovers),
                    partition.lastTakeover.map { String($0) }, String(partition.totalDeadLetters),
                    partition.deadLetters.map { String($0) }, String(partition.requeued),
                    String(partition.trimmedDeadLetters), partition.latestDeadReason,
                    partition.lastApplied.map { String($0) }, partition.lastOwner,
                    partition.isOwned.map { String($0) }, partition.lease.owner, String(partition.isAtRest),
                    String(partition.deleted), partition.standbys?.joined(separator: " "),
                    String(partition.waitingCommands), partition.commandsWaitingSince.map { String($0) },
                    partition.format.map { String($0) },
                ], to: &page)
        }
    }
}

extension PartitionStatus {
    /// True if an ingest owns the partition; nil if it is unknown.
    fileprivate var isOwned: Bool? {
        lease == .unknown ? nil : lease != .free
    }
}
