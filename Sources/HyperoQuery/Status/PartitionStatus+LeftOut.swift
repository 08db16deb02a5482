extension PartitionStatus {
    /// The status of a partition that does not answer: nothing is known.
    init(leftOut partition: LeftOutPartition) {
        self.init(
            tag: partition.tag, streamLength: nil, backlog: nil, waitingSince: nil, applied: nil, duplicates: nil,
            deleted: nil, gaps: nil, missed: nil, rewinds: nil, lastRewind: nil, takeovers: nil, lastTakeover: nil,
            totalDeadLetters: nil, deadLetters: nil, requeued: nil, trimmedDeadLetters: nil, latestDeadReason: nil,
            lastApplied: nil, lastOwner: nil, lease: .unknown, waitingCommands: nil, commandsWaitingSince: nil,
            format: nil, deploymentSize: nil, leftOut: partition.reason, batteries: nil, problems: [],
            deniedCommands: [],
            isHashKnown: false,
            isCursorBeyondEnd: false)
    }
}
