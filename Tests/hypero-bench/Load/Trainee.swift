import Hypero

/// What one thread of a load logs to.
struct Trainee: Sendable {
    private let battery: Battery
    private var experiment: Experiment
    private let isProbing: Bool
    private var rows = 0
    /// How many it has logged.
    private(set) var events = 0

    /// - Parameter isProbing: whether each other turn has a probe.
    init(_ battery: Battery, isProbing: Bool) {
        self.battery = battery
        experiment = battery.experiment()
        self.isProbing = isProbing
    }

    /// Logs so many rows, of which one may be a probe.
    mutating func turn(_ number: Int, atOnce: Int, _ values: Rows, _ probe: Experiment, _ probes: Probes) {
        var left = atOnce
        if isProbing, number % 2 == 0 {
            // The value first: the time it stands for is that before the call.
            let value = probes.next()
            probe.log(epoch: Int(value), valid: value)
            left -= 1
            events += 1
        }
        for _ in 0..<left {
            experiment.log(values[rows % Rows.epochs])
            rows += 1
            events += 1
            guard rows % Rows.epochs == 0 else { continue }
            experiment = battery.experiment()
            events += 2
        }
    }
}
