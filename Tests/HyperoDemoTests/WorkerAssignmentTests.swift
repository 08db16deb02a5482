import Testing

@testable import hypero_demo

@Suite struct WorkerAssignmentTests {
    @Test(
        arguments: [(20, 2, [10, 10]), (7, 3, [3, 2, 2]), (1, 1, [1]), (3, 4, [1, 1, 1, 0])])
    func `The numbers of experiments per worker differ by at most one`(experiments: Int, workers: Int, expected: [Int])
    {
        let sizes = (0..<workers).map {
            WorkerAssignment(worker: $0, of: workers, experiments: experiments, seed: 1).experiments
        }
        #expect(sizes == expected)
    }

    @Test func `All workers of runs with consecutive seeds have distinct seeds`() {
        let seeds = (0..<10).flatMap { seed in
            (0..<10).map { WorkerAssignment(worker: $0, of: 10, experiments: 10, seed: UInt64(seed)).seed }
        }
        #expect(Set(seeds).count == 100)
    }
}
