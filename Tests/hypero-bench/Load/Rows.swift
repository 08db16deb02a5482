import Hypero
import TestSupport

/// The rows that clients log: three channels of four decimal places.
struct Rows: Sendable {
    typealias Row = (epoch: Int, train: Double, valid: Double, test: Double)

    private let rows: [Row]

    /// How many epochs an experiment has.
    static let epochs = 500

    init() {
        var random = SeededGenerator(seed: 1)
        func value(_ reach: Double, _ epoch: Int) -> Double {
            let value = reach * Double(epoch) / Double(epoch + 20) + Double.random(in: 0..<0.02, using: &random)
            return (value * 10_000).rounded() / 10_000
        }
        rows = (1...Self.epochs).map { ($0, value(0.95, $0), value(0.9, $0), value(0.89, $0)) }
    }

    /// The row of an experiment's n-th call, from 0; after the last epoch the first comes again.
    subscript(number: Int) -> Row { rows[number % Self.epochs] }
}

extension Experiment {
    @inline(__always)
    func log(_ row: Rows.Row) {
        log(epoch: row.epoch, train: row.train, valid: row.valid, test: row.test)
    }
}
