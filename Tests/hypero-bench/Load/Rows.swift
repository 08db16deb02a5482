import Hypero
import TestSupport

/// The rows that clients log: three channels with four decimal places.
struct Rows: Sendable {
    typealias Row = (epoch: Int, train: Double, valid: Double, test: Double)

    private let rows: [Row]

    /// The number of epochs per experiment.
    static let epochs = 500

    init() {
        var random = SeededGenerator(seed: 1)
        func value(of epoch: Int, limit: Double) -> Double {
            let value = limit * Double(epoch) / Double(epoch + 20) + Double.random(in: 0..<0.02, using: &random)
            return (value * 10_000).rounded() / 10_000
        }
        rows = (1...Self.epochs).map {
            ($0, value(of: $0, limit: 0.95), value(of: $0, limit: 0.9), value(of: $0, limit: 0.89))
        }
    }

    /// The row of the call with this index. The first epoch follows the last.
    subscript(index: Int) -> Row { rows[index % Self.epochs] }
}

extension Experiment {
    @inline(__always)
    func log(_ row: Rows.Row) {
        log(epoch: row.epoch, train: row.train, valid: row.valid, test: row.test)
    }
}
