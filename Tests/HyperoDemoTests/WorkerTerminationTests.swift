import Testing

@testable import hypero_demo

@Suite struct WorkerTerminationTests {
    /// The wait status has the exit status in bits 8 to 15, the signal in bits 0 to 6, and the core dump flag in bit 7.
    @Test(
        arguments: [
            (0, nil), (64 << 8, nil), (75 << 8, nil), (130 << 8, nil),
            (1 << 8, "exited with status 1"), (139 << 8, "exited with status 139"),
            (9, "was killed by signal 9 (Killed)"), (6 | 0x80, "was killed by signal 6 (Aborted)"),
        ] as [(Int32, String?)])
    func `A termination is a failure unless the worker exits with a known status other than 1`(
        waitStatus: Int32, expected: String?
    ) {
        #expect(WorkerTermination(waitStatus: waitStatus).failure == expected)
    }

    @Test(
        arguments: [
            ([.regular(.success), .regular(.success)], .success),
            ([.regular(.unsent), .regular(.success)], .unsent),
            ([.regular(.unsent), .killed(signal: 9), .regular(.success)], .failure),
            ([.irregular(3), .regular(.unsent)], .failure),
            ([.regular(.interrupted), .regular(.unsent)], .interrupted),
            ([.regular(.usage), .killed(signal: 9)], .usage),
        ] as [([WorkerTermination], hypero_demo.ExitStatus)])
    func `The exit status of the program is the most severe one of its workers`(
        terminations: [WorkerTermination], expected: hypero_demo.ExitStatus
    ) {
        #expect(terminations.reduce(.success) { $1.merged(into: $0) } == expected)
        #expect(terminations.reversed().reduce(.success) { $1.merged(into: $0) } == expected)
    }
}
