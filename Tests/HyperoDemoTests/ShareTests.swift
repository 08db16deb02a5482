import Testing

@testable import hypero_demo

@Suite("The share of a worker")
struct ShareTests {
    @Test(
        "is as large as that of the others, or by one larger",
        arguments: [(20, 2, [10, 10]), (7, 3, [3, 2, 2]), (1, 1, [1]), (3, 4, [1, 1, 1, 0])])
    func sizes(experiments: Int, workers: Int, expected: [Int]) {
        let sizes = (0..<workers).map { Share(worker: $0, of: workers, experiments: experiments, seed: 1).experiments }
        #expect(sizes == expected)
    }

    @Test("has a seed of its own, for neighbouring seeds of the run too")
    func seeds() {
        let seeds = (0..<10).flatMap { seed in
            (0..<10).map { Share(worker: $0, of: 10, experiments: 10, seed: UInt64(seed)).seed }
        }
        #expect(Set(seeds).count == 100)
    }
}
