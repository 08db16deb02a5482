import Hypero
import TestSupport

/// The rows that clients log: three channels of four decimal places.
struct Rows: Sendable {
    private let values: [(train: Double, valid: Double, test: Double)]

    /// How many epochs an experiment has.
    static let epochs = 500

    init() {
        var random = SeededGenerator(seed: 1)
        func value(_ reach: Double, _ epoch: Int) -> Double {
            let value = reach * Double(epoch) / Double(epoch + 20) + Double.random(in: 0..<0.02, using: &random)
            return (value * 10_000).rounded() / 10_000
        }
        values = (1...Self.epochs).map { (value(0.95, $0), value(0.9, $0), value(0.89, $0)) }
    }

    /// Logs the row of an experiment's n-th call, from 0; after the last epoch the first comes again.
    @inline(__always)
    func log(_ number: Int, to experiment: Experiment) {
        let index = number % Self.epochs
        let row = values[index]
        experiment.log(epoch: index + 1, train: row.train, valid: row.valid, test: row.test)
    }
}
