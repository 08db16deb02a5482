import Foundation
import Glibc
import HyperoRedis
import HyperoSchema
import TestSupport

// The attacks of another user of the node.
extension Nemesis {
    /// Lets another user plant files into the journal folder while clients adopt journals.
    func intrude() throws {
        let tags = try Keyspace.all(partitions: testbed.partitions).map(\.tag)
        let server = try RedisURL(testbed.clientProxy.url).serverURL
        let segment = try ForgedSegment(server: server, tag: random.pick(tags))
        let template = testbed.folder.file("template.segment")
        try Data(segment.bytes).write(to: URL(fileURLWithPath: template))
        chmod(template, 0o644)
        let victim = try testbed.victim ?? Victim(in: testbed.folder, segment: segment.bytes)
        testbed.victim = victim

        let intruder = try ChildProcess(
            "chaos-intruder",
            [
                "--journal", testbed.journal, "--template", template, "--victim", victim.path, "--seed",
                "\(random.next() >> 1)",
            ])
        try wait(milliseconds: 1_000...4_000)
        let adoption = try ChildProcess.run(
            "hypero-ingest",
            [
                "adopt", "--journal", testbed.journal, "--redis", testbed.clientProxy.url, "--partitions",
                "\(testbed.partitions)", "--timeout", "5",
            ],
            within: .seconds(60))
        guard intruder.isRunning else { throw TestFailure("the intruder ended: \(intruder.stderr)") }
        intruder.kill()
        if case .signalled(let signal) = adoption.ending {
            testbed.add(finding: "another user's journal killed hypero-ingest adopt with signal \(signal)")
        }
        for change in try victim.changes() { testbed.add(finding: "another user's journal: \(change)") }
        removePlantedFiles()
    }

    private func removePlantedFiles() {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: testbed.journal)) ?? [] {
            let path = "\(testbed.journal)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_uid != geteuid() else { continue }
            try? files.removeItem(atPath: path)
        }
    }
}
