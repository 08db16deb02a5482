import Glibc

/// The softmax function together with its cross entropy loss.
enum Softmax {
    /// Replaces scores by probabilities, and returns the cross entropy -log p(label).
    ///
    /// The highest score is subtracted first, so that finite scores never overflow. If a score is nan, the loss is nan.
    static func apply(to scores: UnsafeMutableBufferPointer<Double>, label: Int) -> Double {
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
