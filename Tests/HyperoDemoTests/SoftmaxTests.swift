import Foundation
import Testing

@testable import hypero_demo

@Suite("Softmax")
struct SoftmaxTests {
    @Test(
        "sums to 1",
        arguments: [[0], [0, 0, 0], [1, 2, 3], [-1_000, 0, 1_000], [1e300, -1e300], [700, 710, 720]] as [[Double]])
    func sum(scores: [Double]) {
        let (probabilities, loss) = softmax(scores, label: 0)
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
        #expect(probabilities.allSatisfy { (0...1).contains($0) })
        #expect(loss >= 0)
    }

    @Test("has the logarithm of the number of classes as loss where nothing is known")
    func uniform() {
        let (probabilities, loss) = softmax([3, 3, 3, 3], label: 2)
        #expect(probabilities == [0.25, 0.25, 0.25, 0.25])
        #expect(abs(loss - log(4)) < 1e-12)
    }

    @Test("keeps the loss finite where the probability of the label rounds to 0")
    func confident() {
        #expect(softmax([0, 2_000], label: 0).loss == 2_000)
    }

    @Test("has no finite loss for scores that are no finite numbers", arguments: [Double.nan, .infinity])
    func broken(score: Double) {
        #expect(!softmax([0, score], label: 0).loss.isFinite)
        #expect(!softmax([0, score], label: 1).loss.isFinite)
    }

    private func softmax(_ scores: [Double], label: Int) -> (probabilities: [Double], loss: Double) {
        var scores = scores
        let loss = scores.withUnsafeMutableBufferPointer { Softmax.apply($0, label: label) }
        return (scores, loss)
    }
}
