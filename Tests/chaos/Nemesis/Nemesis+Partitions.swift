import Foundation
import HyperoSchema
import TestSupport

// Changes of the number of partitions.
extension Nemesis {
    /// Changes the number of partitions by the recipe in the documentation, after some trainings were killed.
    ///
    /// - Parameter isEarly: true to start the ingests with the new number before the journals are adopted and while the
    ///   streams of the old number have entries that are not applied.
    func changePartitions(isEarly: Bool) throws {
        let old = testbed.partitions
        let choices = Testbed.partitionChoices.filter { $0 != old }
        let new = random.pick(choices)
        if isEarly { testbed.ingests.kill() }
        for _ in 0..<draw(1...3) { killTraining() }
        try testbed.fleet.stop()
        try checkThatForeignJournalsAreReported(for: new)
        if isEarly {
            testbed.ingests.partitions = new
            try testbed.ingests.start()
        }
        let adoption = try testbed.adoptAll(partitions: old, timeout: 60)
        if !adoption.succeeded, !Self.hasOnlyDeadLetters(adoption) {
            testbed.add(
                finding: "adopt with the old number of partitions, \(old) before \(new): \(adoption.ending), "
                    + (isEarly ? "with the new ingest" : "with the old ingest"))
        }
        if !isEarly {
            try testbed.stopIngests()
            try testbed.drain(partitions: old)
        }
        testbed.usePartitions(new)
        if !isEarly { try testbed.ingests.start() }
        try testbed.fleet.replaceEnded()
    }

    /// Checks that an adoption with the new number says that journals of the old number remain. It sends only journals
    /// whose partition both numbers have.
    private func checkThatForeignJournalsAreReported(for new: Int) throws {
        let tags = Set(try Keyspace.all(partitions: new).map(\.tag))
        guard testbed.journalTags().contains(where: { !tags.contains($0) }) else { return }
        let adoption = try testbed.adopt(partitions: new, timeout: 30)
        if adoption.succeeded {
            testbed.add(finding: "adopt with another number of partitions is silent about the journals that it leaves")
        }
    }

    /// Returns true if an adoption has sent all events, and only dead letters, which the run provokes, made it fail.
    private static func hasOnlyDeadLetters(_ adoption: ChildProcess.Outcome) -> Bool {
        let complaints = [
            "not known to be applied", "not sent", "not read", "damaged", "shortened", "timed out", "left alone",
        ]
        let output = adoption.stdout + adoption.stderr
        return adoption.ending == .exited(1) && adoption.stdout.contains("became dead letters")
            && !complaints.contains { output.contains($0) }
    }
}
