import HyperoCore
import HyperoSchema

extension StoreStatus {
    /// Returns the state as metrics of Prometheus. Unknown values are left out.
    ///
    /// The metrics without a partition have the namespace as a label: one node may have the metrics of several deployments.
    ///
    /// - Parameter now: the time from which ages are measured, in Unix milliseconds; nil for the present.
    package func metrics(now: Int64? = nil) -> String {
        var metrics = MetricsText()
        metrics.add(
            "hypero_build_info", .gauge, help: "The version of hypero-query that wrote these metrics.",
            samples: [.init(1, ("version", HyperoVersion.current))?.adding("namespace", namespace)])
        metrics.add(
            "hypero_warnings", .gauge,
            help: "The conditions that need attention. hypero-query status --check lists them.",
            samples: [.init(warnings.count)?.adding("namespace", namespace)])
        addPartitions(to: &metrics, now: now ?? WallClock.milliseconds)
        addIncidents(to: &metrics)
        addServers(to: &metrics)
        return metrics.text
    }

    private var namespace: String {
        partitions.lazy.compactMap { Keyspace.namespace(ofTag: $0.tag) }.first ?? Keyspace.defaultNamespace
    }

    private func addPartitions(to metrics: inout MetricsText, now: Int64) {
        /// Adds a metric with a sample per partition.
        func add(
            _ name: String, _ kind: MetricsText.Kind = .gauge, help: String,
            _ sample: (PartitionStatus, (name: String, value: String)) -> MetricsText.Sample?
        ) {
            metrics.add(name, kind, help: help, samples: partitions.map { sample($0, ("partition", $0.tag)) })
        }
        /// Returns the milliseconds since a time; 0 if nothing waits, and nil if that is unknown.
        func wait(since time: Int64?, of count: Int?) -> Int64? {
            guard let time else { return count == 0 ? 0 : nil }
            return max(now.subtractingReportingOverflow(time).partialValue, 0)
        }
        add("hypero_owned", help: "1 if an ingest owns the partition, else 0.") {
            .init($0.lease == .unknown ? nil : $0.lease.isHeld, $1)
        }
        add(
            "hypero_at_rest",
            help: "1 if the partition belongs to an earlier number of partitions and needs no owner, else 0."
        ) { .init($0.isAtRest, $1) }
        add("hypero_standbys", help: "The ingests that take over when the owner ends.") {
            .init($0.standbys?.count, $1)
        }
        add("hypero_behind_entries", help: "The entries that are not applied yet.") { .init($0.backlog, $1) }
        add("hypero_waiting_seconds", help: "The age of the oldest entry that is not applied yet, 0 without one.") {
            .init(milliseconds: wait(since: $0.waitingSince, of: $0.backlog), $1)
        }
        add("hypero_stream_entries", help: "The entries in the stream, applied or not.") { .init($0.streamLength, $1) }
        add("hypero_applied_total", .counter, help: "The entries applied.") { .init($0.applied, $1) }
        add("hypero_duplicates_total", .counter, help: "The entries received again and skipped.") {
            .init($0.duplicates, $1)
        }
        add("hypero_deleted_total", .counter, help: "The entries dropped because their subject was deleted.") {
            .init($0.deleted, $1)
        }
        add("hypero_gaps", help: "The sequence numbers below the watermarks that have not been received, or not yet.") {
            .init($0.gaps, $1)
        }
        add("hypero_last_applied_timestamp_seconds", help: "The time when an entry was applied last.") {
            .init(milliseconds: $0.lastApplied, $1)
        }
        add("hypero_unarchived_entries", help: "The entries that are applied and not archived.") {
            .init($0.unarchivedEntries, $1)
        }
        add("hypero_commands", help: "The commands of operators that are not carried out yet.") {
            .init($0.waitingCommands, $1)
        }
        add("hypero_commands_waiting_seconds", help: "The age of the oldest command that is not carried out yet.") {
            .init(milliseconds: wait(since: $0.commandsWaitingSince, of: $0.waitingCommands), $1)
        }
        add("hypero_batteries", help: "The batteries of the partition.") { .init($0.batteries, $1) }
    }

    /// Adds what should not occur in a deployment that is well.
    private func addIncidents(to metrics: inout MetricsText) {
        func add(
            _ name: String, _ kind: MetricsText.Kind = .counter, help: String,
            _ sample: (PartitionStatus, (name: String, value: String)) -> MetricsText.Sample?
        ) {
            metrics.add(name, kind, help: help, samples: partitions.map { sample($0, ("partition", $0.tag)) })
        }
        add("hypero_missed_total", help: "The entries that another client removed before they were read.") {
            .init($0.missed, $1)
        }
        add("hypero_dead_total", help: "The entries that could not be applied, also those requeued since.") {
            .init($0.totalDeadLetters, $1)
        }
        add("hypero_dead_letters", .gauge, help: "The dead letters that are kept.") { .init($0.deadLetters, $1) }
        add("hypero_dead_trimmed_total", help: "The dead letters removed because they took too much memory.") {
            .init($0.trimmedDeadLetters, $1)
        }
        add("hypero_requeued_total", help: "The dead letters sent again.") { .init($0.requeued, $1) }
        add("hypero_rewinds_total", help: "The times that the stream or its cursor was set back or lost.") {
            .init($0.rewinds, $1)
        }
        // A counter of a server that has lost all its data begins at 1 each time.
        add(
            "hypero_rewound_timestamp_seconds", .gauge,
            help: "The time when the stream or its cursor was set back or lost last."
        ) { .init(milliseconds: $0.lastRewind, $1) }
        add("hypero_takeovers_total", help: "The times that an ingest took over from one that was killed or stalled.") {
            .init($0.takeovers, $1)
        }
        add(
            "hypero_taken_over_timestamp_seconds", .gauge,
            help: "The time when an ingest took over last from one that was killed or stalled."
        ) { .init(milliseconds: $0.lastTakeover, $1) }
    }

    private func addServers(to metrics: inout MetricsText) {
        func add(
            _ name: String, _ kind: MetricsText.Kind = .gauge, help: String,
            _ sample: (ServerStatus, (name: String, value: String)) -> MetricsText.Sample?
        ) {
            metrics.add(
                name, kind, help: help,
                samples: servers.map { sample($0, ("server", $0.url))?.adding("namespace", namespace) })
        }
        add("hypero_redis_info", help: "The version of the server.") { server, label in
            .init(server.version == nil ? nil : 1, label, ("version", server.version ?? ""))
        }
        add("hypero_redis_memory_bytes", help: "The memory in use.") { .init($0.usedMemory, $1) }
        // A limit of 0 is none. A quotient by it would be infinite, and raise an alarm.
        add("hypero_redis_max_memory_bytes", help: "The limit of the memory. Absent if there is none.") {
            .init($0.maxMemory == 0 ? nil : $0.maxMemory, $1)
        }
        add("hypero_redis_connections", help: "The connections that count towards maxclients.") {
            .init($0.connections, $1)
        }
        add("hypero_redis_max_connections", help: "The highest number of connections, maxclients.") {
            .init($0.maxConnections, $1)
        }
        add(
            "hypero_redis_refused_connections_total", .counter,
            help: "The connections refused since the start of the server, because there were too many."
        ) { .init($0.refusedConnections, $1) }
        add("hypero_redis_append_only", help: "1 if the server writes an append-only file, else 0.") {
            .init($0.hasAppendOnlyFile, $1)
        }
        add("hypero_redis_replica", help: "1 if the server is a replica, to which no ingest can write, else 0.") {
            .init($0.version == nil ? nil : $0.primary != nil, $1)
        }
        add(
            "hypero_redis_good_replicas",
            help: "The replicas that are connected and up to date. Absent without min-replicas-to-write."
        ) { .init($0.goodReplicas, $1) }
        add("hypero_redis_evicts_keys", help: "1 if the server evicts keys when its memory is full, else 0.") {
            .init($0.evictionPolicy.map { $0 != "noeviction" }, $1)
        }
    }
}
