import Glibc
import HyperoCore

/// The state of one journal, read without a lock and without a change.
///
/// The process of the journal may write to it meanwhile. The numbers are then those of some moment during the look.
package struct JournalReport: Sendable {
    /// The use of a journal.
    package enum State: String, Sendable, CaseIterable {
        /// A process holds its lock: its client, or an adopter.
        case inUse = "in_use"
        /// No process is seen to hold its lock, but the journal has changed within the last seconds. The process may run in
        /// another container, or may have ended just now.
        case maybeInUse = "maybe_in_use"
        /// No process uses it. The next client, or `hypero-ingest adopt`, sends it.
        case orphaned
        /// It was written on another host, which shares the file system.
        case otherHost = "other_host"
        /// Its events cannot be read. ``JournalReport/problems`` has the reason.
        case unreadable
    }

    /// The name of the folder, which is the producer.
    package let name: String
    /// The user id of its owner.
    package let user: UInt32
    package internal(set) var state = State.orphaned
    /// The process that holds the lock; nil if none is seen.
    package internal(set) var pid: Int32?
    /// The host that has written the journal; nil without an intact header, as are the next three.
    package internal(set) var host: String?
    /// The Redis server that the events are for, without the account.
    package internal(set) var server: String?
    /// The hash tag of the partition that the events are for.
    package internal(set) var tag: String?
    /// The number of partitions of the client.
    package internal(set) var partitions: Int?
    /// The bytes on the disk.
    package internal(set) var bytes = 0
    /// The number of events in the files; nil if they cannot be read. Applied ones leave the files with a delay.
    package internal(set) var events: Int?
    /// The number of these events that Redis is not known to have acknowledged.
    package internal(set) var unsent: Int?
    /// The time of the oldest of them in Unix milliseconds of the host's clock; nil if there are none.
    package internal(set) var unsentSince: Int64?
    /// The time of the latest event.
    package internal(set) var lastEvent: Int64?
    /// The time of the latest change of a file or of the folder, in Unix milliseconds. A living client changes it every five seconds.
    package internal(set) var changed: Int64
    /// The number of records that cannot be read. In a journal in use, some may be unfinished.
    package internal(set) var damaged = 0
    /// The files that cannot be read and similar problems, a sentence each, at most ten.
    package internal(set) var problems: [String] = []

    /// The time in milliseconds after a change for which a journal without a visible owner may be in use. A living client needs a
    /// third of it.
    static let silence: Int64 = 15_000
    private static let maxProblems = 10

    init(name: String, user: UInt32, changed: Int64) {
        self.name = name
        self.user = user
        self.changed = changed
    }

    mutating func add(problem: String) {
        if problems.count < Self.maxProblems { problems.append(problem) }
    }

    mutating func add(_ header: SegmentHeader) {
        host = header.machine.host
        server = header.server
        tag = header.tag
        partitions = header.partitions
    }

    /// Decides the state.
    ///
    /// - Parameters:
    ///   - holder: The process that holds the lock.
    ///   - machine: The machine of the journal; nil if it is not known.
    ///   - current: This machine.
    ///   - isReadable: false if no event can be read.
    ///   - now: The present, in Unix milliseconds.
    mutating func decide(
        holder: Int32?, machine: HostIdentity?, current: HostIdentity, isReadable: Bool, now: Int64
    ) {
        pid = holder
        let age = now.subtractingReportingOverflow(changed).partialValue
        state =
            if holder != nil {
                .inUse
            } else if let machine, !machine.isSameMachine(as: current) {
                .otherHost
            } else if !isReadable {
                .unreadable
            } else if (0..<Self.silence).contains(age) {
                .maybeInUse
            } else {
                .orphaned
            }
    }
}
