import Hypero

/// A logger of rows and probes on one thread.
struct RowLogger: Sendable {
    private let battery: Battery
    private var experiment: Experiment
    /// The probes and their experiment; nil if this thread logs no probes.
    private let probes: (experiment: Experiment, times: Probes)?
    private var rows = 0
    /// The number of logged events.
    private(set) var events = 0

    /// - Parameters:
    ///   - battery: the battery of the experiments.
    ///   - probes: the probes and their experiment; nil to log no probes.
    init(_ battery: Battery, probes: (experiment: Experiment, times: Probes)?) {
        self.battery = battery
        experiment = battery.experiment()
        self.probes = probes
    }

    /// Logs rows. In every second turn, the first row is a probe.
    ///
    /// - Parameters:
    ///   - count: the number of rows, including the probe.
    ///   - values: the values of the rows.
    ///   - turn: the index of this call.
    mutating func logRows(_ count: Int, of values: Rows, turn: Int) {
        var remaining = count
        if let probes, turn % 2 == 0 {
            // The value is determined first, because the measured time starts before the call.
            let value = probes.times.next()
            probes.experiment.log(epoch: Int(value), valid: value)
            remaining -= 1
            events += 1
        }
        for _ in 0..<remaining {
            experiment.log(values[rows % Rows.epochs])
            rows += 1
            events += 1
            guard rows % Rows.epochs == 0 else { continue }
            experiment = battery.experiment()
            events += 2
        }
    }
}
