import Glibc
package import HyperoCore
import HyperoSchema

/// A look at all journals in a folder. It takes no lock and changes nothing, so that trainings and adopters are not disturbed.
///
/// It has the journals of this user, and for root those of all users. The work for the others is bounded, because each of them can
/// create any number of journals in a folder that several users share.
package struct JournalSurvey: Sendable {
    /// The journals, by name.
    package private(set) var journals: [JournalReport] = []
    /// The number of journals of other users that are not listed.
    package private(set) var otherUserJournals = 0
    /// The number of entries that are no journals.
    package private(set) var otherEntryCount = 0
    /// The names of the first of them, in ascending order, at most ten.
    package private(set) var otherEntries: [String] = []

    /// The number of journals of other users that root reads, and the bytes of their files.
    private static let maxOtherUserJournals = 10_000
    private static let maxOtherUserBytes = 4 << 30

    /// Reads the journals.
    ///
    /// - Parameters:
    ///   - machine: This machine.
    ///   - now: The present, in Unix milliseconds.
    /// - Throws: ``JournalFileError`` if the folder cannot be read.
    package init(
        of root: JournalRoot, machine: HostIdentity = .current, now: Int64 = WallClock.milliseconds
    ) throws(JournalFileError) {
        let folder = try root.open()
        var found: [(name: String, status: FileStatus)] = []
        var otherCount = 0
        for name in OpenFolder.entryNames(in: folder.descriptor).sorted() {
            guard ProducerID.isGenerated(name) else {
                // Those with a point are being created, or belong to others.
                if !name.hasPrefix(".") { addOther(name) }
                continue
            }
            // Without a status, its owner has just removed it.
            guard let status = FileStatus(of: name, in: folder.descriptor) else { continue }
            let isOwn = status.owner == geteuid()
            if isOwn || geteuid() == 0 && otherCount < Self.maxOtherUserJournals {
                found.append((name, status))
                if !isOwn { otherCount += 1 }
            } else {
                otherUserJournals += 1
            }
        }
        let holders = LockHolders(of: Set(found.map(\.status.identity)))
        var budget = Self.maxOtherUserBytes
        for (name, status) in found {
            let isOwn = status.owner == geteuid()
            var reader = JournalReader(
                root: folder.descriptor, machine: machine, user: status.owner, now: now, budget: isOwn ? .max : budget)
            defer { if !isOwn { budget = reader.budget } }
            if let report = reader.report(on: name, status, holder: holders[status.identity]) {
                journals.append(report)
            }
        }
    }

    private mutating func addOther(_ name: String) {
        otherEntryCount += 1
        if otherEntries.count < 10 { otherEntries.append(name) }
    }
}
