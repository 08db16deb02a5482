import HyperoSchema

extension StoreStatus: Rendering {
    package func writeTable(to page: inout Page) {
        for server in servers {
            let memory = server.usedMemory.map { bytesText($0) + " in use" }
            let limit = server.maxMemory.map { $0 == 0 ? " of no limit" : " of \(bytesText($0))" } ?? ""
            page.paragraph([
                Page.Span(server.url, style: .bold),
                Page.Span("  \(server.version ?? "version unknown"), \(memory.map { $0 + limit } ?? "memory unknown")"),
                Page.Span(server.primary.map { ", replica of \($0)" } ?? "", style: .yellow),
                Page.Span(server.refusalText, style: .yellow),
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
                case _ where partition.leftOut != nil: Table.Cell("left out", style: .red)
                case .held(let owner) where partition.isOwnerGone: Table.Cell("\(owner) (no connection)", style: .red)
                case .held(let owner): Table.Cell(owner, style: .green)
                case .free where partition.isAtRest: Table.Cell("at rest", style: .dim)
                case .free: Table.Cell("none", style: .red)
                case .unknown: Table.Cell("unknown", style: .dim)
                }
            func count(_ value: Int?, style: Style = .plain) -> Table.Cell {
                guard let value else { return Table.Cell("unknown", style: .dim) }
                return Table.Cell("\(value)", style: value > 0 ? style : .plain)
            }
            let lastApplied = partition.lastApplied.map { agoText($0, now: page.now) }
            return [
                Table.Cell(partition.tag), owner, count(partition.backlog, style: .yellow),
                count(partition.deadLetters, style: .red), count(partition.missed, style: .red),
                partition.isHashKnown ? Table.Cell(lastApplied ?? "never") : Table.Cell("unknown", style: .dim),
                count(partition.applied), count(partition.gaps), count(partition.duplicates),
                count(partition.deleted), count(partition.streamLength),
                count(partition.waitingCommands, style: .yellow),
            ]
        }
        table.writeWithFooter(to: &page)
        let standbys = standbyTexts.map { $0.isEmpty ? "none" : $0.joined(separator: ", ") } ?? "unknown"
        page.paragraph("standbys: \(standbys)", style: .dim)
        guard !warnings.isEmpty else { return }
        page.line()
        for warning in warnings { page.paragraph([Page.Span("warning: ", style: .yellow), Page.Span(warning)]) }
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
                object.add("connections", value: server.connections)
                object.add("max_connections", value: server.maxConnections)
                object.add("refused_connections", value: server.refusedConnections)
                object.add("eviction_policy", value: server.evictionPolicy)
                object.add("append_only_file", value: server.hasAppendOnlyFile)
                object.add("replica_of", value: server.primary)
                object.add("good_replicas", value: server.goodReplicas)
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
                object.add("left_out", value: partition.leftOut)
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
                "standbys", "commands", "commands_waiting_since", "format", "left_out",
            ], to: &page)
        for partition in partitions {
            CSV.write(
                [
                    partition.tag, partition.streamLength.map { String($0) }, partition.backlog.map { String($0) },
                    partition.waitingSince.map { String($0) }, partition.applied.map { String($0) },
                    partition.duplicates.map { String($0) },
                    partition.gaps.map { String($0) }, partition.missed.map { String($0) },
                    partition.rewinds.map { String($0) },
                    partition.lastRewind.map { String($0) }, partition.takeovers.map { String($0) },
                    partition.lastTakeover.map { String($0) }, partition.totalDeadLetters.map { String($0) },
                    partition.deadLetters.map { String($0) }, partition.requeued.map { String($0) },
                    partition.trimmedDeadLetters.map { String($0) }, partition.latestDeadReason,
                    partition.lastApplied.map { String($0) }, partition.lastOwner,
                    partition.isOwned.map { String($0) }, partition.lease.owner, String(partition.isAtRest),
                    partition.deleted.map { String($0) }, partition.standbys?.joined(separator: " "),
                    partition.waitingCommands.map { String($0) }, partition.commandsWaitingSince.map { String($0) },
                    partition.format.map { String($0) }, partition.leftOut,
                ], to: &page)
        }
    }
}

extension ServerStatus {
    /// The number of connections that were refused since the start of the server; empty without one.
    fileprivate var refusalText: String {
        guard let refusedConnections, refusedConnections > 0 else { return "" }
        let limit = maxConnections.map { " \($0)" } ?? ""
        return ", \(refusedConnections) connections refused since its start (maxclients\(limit))"
    }
}

extension PartitionStatus {
    /// True if an ingest owns the partition; nil if it is unknown.
    fileprivate var isOwned: Bool? {
        lease == .unknown ? nil : lease != .free
    }
}
