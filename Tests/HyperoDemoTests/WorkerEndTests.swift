import Testing

@testable import hypero_demo

@Suite("The end of a worker")
struct WorkerEndTests {
    @Test(
        "is in order with a code the program knows, and a death with any other or a signal",
        arguments: [
            (false, 0, nil), (false, 64, nil), (false, 75, nil), (false, 130, nil),
            (false, 1, "left with code 1"), (false, 139, "left with code 139"),
            (true, 9, "was killed by signal 9 (Killed)"),
        ] as [(Bool, Int32, String?)])
    func death(wasKilled: Bool, number: Int32, expected: String?) {
        #expect(WorkerEnd(wasKilled: wasKilled, number: number).death == expected)
    }

    @Test(
        "makes the worst of all ends that of the program",
        arguments: [
            ([.left(.success), .left(.success)], .success),
            ([.left(.unsent), .left(.success)], .unsent),
            ([.left(.unsent), .killed(signal: 9), .left(.success)], .failure),
            ([.exited(3), .left(.unsent)], .failure),
            ([.left(.interrupted), .left(.unsent)], .interrupted),
            ([.left(.usage), .killed(signal: 9)], .usage),
        ] as [([WorkerEnd], ExitReason)])
    func merged(ends: [WorkerEnd], expected: ExitReason) {
        #expect(ends.reduce(.success) { $1.merged(into: $0) } == expected)
        #expect(ends.reversed().reduce(.success) { $1.merged(into: $0) } == expected)
    }
}
