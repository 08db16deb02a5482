import Foundation

/// Scores into probabilities, and how far these are from the truth.
enum Softmax {
    /// Replaces scores by probabilities, and gives the cross entropy -log p(label).
    ///
    /// The highest score is taken off first, so that no finite scores overflow; a score that is not a number makes the
    /// loss one that is not either.
    static func apply(_ scores: UnsafeMutableBufferPointer<Double>, label: Int) -> Double {
        var highest = -Double.infinity
        for score in scores where score > highest { highest = score }
        let labelScore = scores[label] - highest
        var total = 0.0
        for index in scores.indices {
            scores[index] = exp(scores[index] - highest)
            total += scores[index]
        }
        for index in scores.indices { scores[index] /= total }
        return log(total) - labelScore
    }
}
