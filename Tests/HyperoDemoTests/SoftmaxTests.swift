import Glibc
import Testing

@testable import hypero_demo

@Suite struct SoftmaxTests {
    @Test(
        arguments: [[0], [0, 0, 0], [1, 2, 3], [-1_000, 0, 1_000], [1e300, -1e300], [700, 710, 720]] as [[Double]])
    func `Softmax probabilities sum to 1`(scores: [Double]) {
        let (probabilities, loss) = softmax(scores, label: 0)
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
        #expect(probabilities.allSatisfy { (0...1).contains($0) })
        #expect(loss >= 0)
    }

    @Test func `The loss of equal scores is the logarithm of the number of classes`() {
        let (probabilities, loss) = softmax([3, 3, 3, 3], label: 2)
        #expect(probabilities == [0.25, 0.25, 0.25, 0.25])
        #expect(abs(loss - log(4)) < 1e-12)
    }

    @Test func `The loss is finite if the probability of the label rounds to 0`() {
        #expect(softmax([0, 2_000], label: 0).loss == 2_000)
    }

    @Test(arguments: [Double.nan, .infinity])
    func `The loss is not finite if a score is not finite`(score: Double) {
        #expect(!softmax([0, score], label: 0).loss.isFinite)
        #expect(!softmax([0, score], label: 1).loss.isFinite)
    }

    private func softmax(_ scores: [Double], label: Int) -> (probabilities: [Double], loss: Double) {
        var scores = scores
        let loss = scores.withUnsafeMutableBufferPointer { Softmax.apply(to: $0, label: label) }
        return (scores, loss)
    }
}
